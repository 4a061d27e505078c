package journaltest

import (
	"errors"
	"testing"

	"koppi.internal/pkg/journal"
)

func holding(b journal.Batch, from, key, to, digest string) journal.Batch {
	b.UniqueKeys = append(b.UniqueKeys, journal.UniqueKeyChange{From: from, UniqueKey: journal.UniqueKey{Key: key, Subject: to, Version: 1, Digest: []byte(digest)}})
	return b
}

func testUniqueKeys(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, holding(batch("s/1", 0), "", "key", "s/1", "d"))
	var conflict *journal.ConflictError
	for name, b := range map[string]journal.Batch{
		"taken":              holding(batch("s/2", 0), "", "key", "s/2", ""),
		"moved from another": holding(batch("s/2", 0), "s/9", "key", "s/2", ""),
		"released by others": holding(batch("s/2", 0), "s/9", "key", "", ""),
		"released unheld":    holding(batch("s/2", 0), "s/2", "nothing", "", ""),
	} {
		if _, err := store.Append(t.Context(), b); !errors.As(err, &conflict) || conflict.UniqueKey == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	held, err := store.UniqueKeys(t.Context(), "key", "nothing")
	if err != nil || len(held) != 1 || held["key"].Subject != "s/1" || string(held["key"].Digest) != "d" || held["key"].Version != 1 {
		t.Errorf("%v %v", held, err)
	}
	mustAppend(t, store, holding(batch("s/2", 0), "s/1", "key", "s/2", ""))
	mustAppend(t, store, holding(batch("s/2", 1), "s/2", "key", "", ""))
	if held, _ := store.UniqueKeys(t.Context(), "key"); len(held) != 0 {
		t.Errorf("%v", held)
	}
	if len(mustLoad(t, store, "s/2")) != 2 {
		t.Error("a refused change of a unique key stored its events")
	}
}

// A request_id is a unique key: a request with it has one effect, and the key shows which.
func testRequestID(t *testing.T, open Harness) {
	store := opened(t, open)
	mustAppend(t, store, holding(batch("s/1", 0), "", "request/a/1", "s/1", "body"))
	for _, digest := range []string{"body", "another body"} {
		var conflict *journal.ConflictError
		if _, err := store.Append(t.Context(), holding(batch("s/2", 0), "", "request/a/1", "s/2", digest)); !errors.As(err, &conflict) {
			t.Errorf("%s: %v", digest, err)
		}
	}
	held, err := store.UniqueKeys(t.Context(), "request/a/1")
	if err != nil || string(held["request/a/1"].Digest) != "body" || len(mustLoad(t, store, "s/2")) != 0 {
		t.Errorf("%v %v", held, err)
	}
}
