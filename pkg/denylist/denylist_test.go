package denylist_test

import (
	"testing"
	"time"

	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/notify/redistest"
)

// An entry that one process added is in the lists of the others too, for its time to live. Without Redis it
// is in the list of that process, and an error says that Redis was not read.
func TestDenylist(t *testing.T) {
	server := redistest.Start(t)
	made := func() *denylist.Denylist {
		list, err := denylist.New(server.Client())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	here, there := made(), made()
	has := func(list *denylist.Denylist, entry string, want bool) {
		t.Helper()
		if found, err := list.Has(t.Context(), entry); err != nil || found != want {
			t.Errorf("%s: %v, %v", entry, found, err)
		}
	}
	has(here, "a", false)
	if err := here.Add(t.Context(), "a", time.Hour); err != nil {
		t.Fatal(err)
	}
	has(here, "a", true)
	has(there, "a", true)
	has(there, "b", false)
	// Processes of the previous version read and write this key.
	if left := server.Client().PTTL(t.Context(), "koppi:ended:a").Val(); left <= 0 || left > time.Hour {
		t.Errorf("the entry is remembered for %v", left)
	}
	if err := here.Add(t.Context(), "past", -time.Second); err != nil {
		t.Error(err)
	}
	has(here, "past", false)
	server.Down()
	if found, err := there.Has(t.Context(), "b"); err == nil || found {
		t.Errorf("without Redis: %v, %v", found, err)
	}
	if err := here.Add(t.Context(), "b", time.Hour); err == nil {
		t.Error("an entry was added for the other processes without Redis")
	}
	has(here, "b", true)
	began := time.Now()
	for range 1000 {
		if _, err := there.Has(t.Context(), "c"); err == nil {
			t.Fatal("without Redis there is an answer")
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("without Redis 1000 checks took %v", took)
	}
}

// Without a client the list covers this process.
func TestDenylistOfOneProcess(t *testing.T) {
	list, err := denylist.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Add(t.Context(), "a", time.Hour); err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]bool{"a": true, "b": false} {
		if found, err := list.Has(t.Context(), entry); err != nil || found != want {
			t.Errorf("%s: %v, %v", entry, found, err)
		}
	}
}
