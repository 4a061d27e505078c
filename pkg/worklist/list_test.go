package worklist

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The contract states the default and the largest page size as this package has them.
func TestPageSizesInContract(t *testing.T) {
	for _, file := range []string{"concern/v1/concern.proto", "referral/v1/referral.proto", "consultation/v1/consultation.proto", "plan/v1/plan.proto"} {
		source, err := os.ReadFile("../../proto/koppi/" + file)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("// How many at most; 0 is %d, and more than %d is refused. A page may hold fewer.\n  int32 page_size", defaultPage, maxPage)
		pages := strings.Count(string(source), "int32 page_size")
		if said := strings.Count(string(source), want); pages == 0 || said != pages {
			t.Errorf("%s: %d of %d page sizes say %q", file, said, pages, want)
		}
	}
}
