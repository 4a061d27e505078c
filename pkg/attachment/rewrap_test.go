package attachment

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"koppi.internal/pkg/journal/seal"
)

// Rewrapped keys still decrypt their attachments. A key that is removed meanwhile is not restored.
func TestRewrap(t *testing.T) {
	folder := t.TempDir()
	source := seal.Source{File: filepath.Join(folder, "kek.json")}
	reopen := func() *Store {
		t.Helper()
		kek, err := source.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		store, err := Open(t.Context(), "file://"+folder+"/papers", "file://"+folder+"/keys", kek)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	s := reopen()
	first, second, removed := finished(t, s), finished(t, s), finished(t, s)
	if _, err := source.AddKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	kek, err := source.UseNewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := read(t.Context(), s.keys, removed.ID)
	if err != nil {
		t.Fatal(err)
	}
	anew, err := kek.Rewrap(wrapped, keyPlace(removed.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), removed.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.replace(t.Context(), removed.ID, anew); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t.Context(), s.keys, removed.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a removed key was restored: %v", err)
	}
	// A key that remained because a removal, during a rewrap, was interrupted.
	if err := once(t.Context(), s.keys, "left", wrapped); err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return time.Now().Add(Unnamed + time.Hour) }
	for round, want := range []int{2, 0} {
		if found, err := s.Rewrap(t.Context(), kek); err != nil || found != want {
			t.Errorf("round %d: %d %v", round, found, err)
		}
	}
	if _, err := read(t.Context(), s.keys, "left"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a key without an attachment is left: %v", err)
	}
	if _, err := source.DropOldKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = reopen()
	for _, one := range []Upload{first, second} {
		again, err := s.Get(t.Context(), one.ID)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := s.Chunk(t.Context(), again, 0); err != nil || string(content) != "abc" {
			t.Errorf("%q %v", content, err)
		}
	}
}

// Of returns exactly the attachments of a client.
func TestOf(t *testing.T) {
	s := open(t)
	own, also, others, nobodys := finished(t, s), finished(t, s), finished(t, s), finished(t, s)
	for id, client := range map[string]string{own.ID: "client", also.ID: "client", others.ID: "other"} {
		if err := s.Name(t.Context(), id, "concerns/1", []byte(client)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{own.ID, also.ID}
	slices.Sort(want)
	if found, err := s.Of(t.Context(), []byte("client")); err != nil || !slices.Equal(found, want) {
		t.Errorf("%v %v", found, err)
	}
	if found, err := s.Of(t.Context(), []byte("nobody")); err != nil || len(found) != 0 {
		t.Errorf("%v %v (%s)", found, err, nobodys.ID)
	}
}
