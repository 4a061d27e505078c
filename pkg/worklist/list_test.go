package worklist

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The contract states the default and the largest page size as this package has them.
func TestPageSizesInContract(t *testing.T) {
	// A service has an events.proto.
	services, err := filepath.Glob("../../proto/koppi/*/v1/events.proto")
	if err != nil || len(services) < 4 {
		t.Fatalf("%v %v", services, err)
	}
	for _, events := range services {
		folder := filepath.Dir(events)
		file := filepath.Join(folder, filepath.Base(filepath.Dir(folder))+".proto")
		source, err := os.ReadFile(file)
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
