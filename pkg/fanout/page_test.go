package fanout

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The contract says the default and the largest size of a page, as they are here.
func TestPageSizesAreInTheContract(t *testing.T) {
	for _, file := range []string{"casework/v1/casework.proto"} {
		source, err := os.ReadFile("../../proto/koppi/" + file)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("// How many at most; 0 is %d, and more than 1000 is refused. A page may hold fewer.\n  int32 page_size", defaultPage)
		pages := strings.Count(string(source), "int32 page_size")
		if said := strings.Count(string(source), want); pages == 0 || said != pages {
			t.Errorf("%s: %d of %d page sizes say %q", file, said, pages, want)
		}
	}
}
