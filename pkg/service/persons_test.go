package service_test

import (
	"path/filepath"
	"testing"
	"time"

	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/service"
)

// The journal of a test environment is of one for ever, and one that may hold real persons never becomes one.
func TestMarkPersons(t *testing.T) {
	kek, err := seal.OpenKEK(filepath.Join(t.TempDir(), "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	open := func() *sqlite.Store {
		folder := t.TempDir()
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "j.db"), KeysPath: filepath.Join(folder, "k.db"), KEK: kek})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	begin := func(store *sqlite.Store) {
		_, err := store.Append(t.Context(), journal.Batch{
			Expected: map[string]uint64{"concerns/1": 0}, Events: []journal.Event{{Subject: "concerns/1", Version: 1, ID: "1", Type: "x", At: time.Now()}},
			Streams: []journal.Stream{{Subject: "concerns/1", Service: "concern", Version: 1}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	may := func(name string, store *sqlite.Store, accepted idcode.Persons, want bool) {
		t.Helper()
		if err := service.MarkPersons(t.Context(), store, accepted); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	test, real := open(), open()
	may("a new test environment", test, idcode.TestPersons, true)
	begin(test)
	may("a test environment that goes on", test, idcode.TestPersons, true)
	may("production over a test environment", test, idcode.RealPersons, false)
	may("a trial over a test environment", test, idcode.AllPersons, false)
	may("new production", real, idcode.RealPersons, true)
	begin(real)
	may("production that goes on", real, idcode.RealPersons, true)
	may("a test environment over production", real, idcode.TestPersons, false)
	may("production after that", real, idcode.RealPersons, true)
}
