package mailbox

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The contract names the default and the largest size of a page as the code has them.
func TestPageSizesAreInTheContract(t *testing.T) {
	for _, file := range []string{"exchange/v1/exchange.proto"} {
		source, err := os.ReadFile("../../proto/koppi/" + file)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("// How many at most; 0 is %d, and more than %d is refused. A page may hold fewer.\n  int32 page_size", defaultPage, maxPage)
		pages := strings.Count(string(source), "int32 page_size")
		if found := strings.Count(string(source), want); pages == 0 || found != pages {
			t.Errorf("%s: %d of %d page sizes say %q", file, found, pages, want)
		}
	}
}
