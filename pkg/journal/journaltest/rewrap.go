package journaltest

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"koppi.internal/pkg/journal/seal"
)

// between calls happens after a page of keys was read and before the keys are replaced.
type between struct {
	seal.Rewrapper
	happens func()
}

func (b between) Replace(ctx context.Context, replacements []seal.Replacement) error {
	b.happens()
	return b.Rewrapper.Replace(ctx, replacements)
}

// After Rewrap, the keys open the same content as before. A key that is destroyed meanwhile stays
// destroyed, and the old key-encryption key opens none of the keys.
func testRewrap(t *testing.T, open Harness) {
	folder := t.TempDir()
	store := open(t, folder)
	const subjects = 7
	for i := range subjects {
		mustAppend(t, store, batch(fmt.Sprintf("s/%d", i), 0, "a"))
	}
	kept := record("a", "k", "1", 0, "body")
	putRecords(t, store, kept)
	source := seal.Source{File: filepath.Join(folder, "secrets", "kek.json")}
	stolen, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.AddKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	kek, err := source.UseNewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := wrappedOf(t, store)
	found, err := seal.Rewrap(t.Context(), kek, between{store.Rewrapper(), func() {
		if err := store.Erase(t.Context(), "s/1"); err != nil {
			t.Error(err)
		}
	}})
	if err != nil || found != 2*subjects+1 {
		t.Fatalf("%d %v", found, err)
	}
	after := wrappedOf(t, store)
	if len(after) != len(before)-2 {
		t.Errorf("%d keys, of %d", len(after), len(before))
	}
	for ref, key := range after {
		if bytes.Equal(key, before[ref]) || !kek.Fresh(key) || stolen.Fresh(key) {
			t.Errorf("%v was not rewrapped", ref)
		}
		if _, err := stolen.Decrypt(key, []byte(ref.Class+"\x00"+ref.Subject)); err == nil {
			t.Errorf("the old key decrypts %v", ref)
		}
	}
	if found, err := seal.Rewrap(t.Context(), kek, store.Rewrapper()); err != nil || found != 0 {
		t.Errorf("%d are left: %v", found, err)
	}
	if _, err := source.DropOldKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open(t, folder)
	for i := range subjects {
		events := mustLoad(t, store, fmt.Sprintf("s/%d", i))
		if events[0].Erased != (i == 1) || i != 1 && string(events[0].Payload) != "payload 1" {
			t.Errorf("%+v", events[0])
		}
	}
	kept.Version = 1
	wantRecords(t, store, "a", 1, kept)
	mustAppend(t, store, batch("s/new", 0, "a"))
	sound(t, store)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func wrappedOf(t *testing.T, store Store) map[seal.Ref][]byte {
	t.Helper()
	all := map[seal.Ref][]byte{}
	var after seal.Ref
	for {
		page, err := store.Rewrapper().Wrapped(t.Context(), after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		for _, one := range page {
			all[one.Ref], after = one.Key, one.Ref
		}
	}
}
