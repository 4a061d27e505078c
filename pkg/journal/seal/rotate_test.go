package seal_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"koppi.internal/pkg/journal/seal"
)

// Each step of a rotation can be repeated, with and without a KMS. Processes with the keyset before
// and after a step can decrypt each other's keys, until the old key is dropped.
func TestRotation(t *testing.T) {
	for name, address := range map[string]string{"file": "", "kms": kms} {
		t.Run(name, func(t *testing.T) {
			source := newSource(t, address)
			old, err := source.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := source.UseNewKey(t.Context()); err != nil || stageOf(t, source) != seal.Settled {
				t.Fatalf("a step was skipped: %v", err)
			}
			var added, wrapping *seal.KEK
			for range 2 { // each step twice
				if added, err = source.AddKey(t.Context()); err != nil || added.Stage() != seal.Added {
					t.Fatalf("%v %v", added.Stage(), err)
				}
			}
			if dropped, err := source.DropOldKeys(t.Context()); err != nil || dropped.Stage() != seal.Added {
				t.Fatalf("dropped before it was used: %v", err)
			}
			byAdded := wrap(t, added)
			if _, err := old.Decrypt(byAdded, nil); err != nil {
				t.Error("a process with the old keyset cannot decrypt a new key")
			}
			for range 2 {
				if wrapping, err = source.UseNewKey(t.Context()); err != nil || wrapping.Stage() != seal.Wrapping {
					t.Fatalf("%v", err)
				}
			}
			byNew := wrap(t, wrapping)
			if _, err := added.Decrypt(byNew, nil); err != nil {
				t.Error("a process that wraps with the old key cannot decrypt keys wrapped by the new one")
			}
			if wrapping.Fresh(byAdded) || !wrapping.Fresh(byNew) {
				t.Error("Fresh does not recognise the old key")
			}
			anew, err := wrapping.Rewrap(byAdded, nil)
			if err != nil || !wrapping.Fresh(anew) {
				t.Fatal(err)
			}
			last, err := source.DropOldKeys(t.Context())
			if err != nil || last.Stage() != seal.Settled {
				t.Fatal(err)
			}
			if _, err := last.Decrypt(byAdded, nil); err == nil {
				t.Error("the old key still decrypts")
			}
			if _, err := old.Decrypt(anew, nil); err == nil {
				t.Error("the old key decrypts a rewrapped key")
			}
			if opened, err := last.Decrypt(anew, nil); err != nil || string(opened) != "data key" {
				t.Error(err)
			}
			if _, err := os.Stat(source.File + ".before"); err == nil {
				t.Error("the old keyset is left in the folder")
			}
			if info, err := os.Stat(source.File); err != nil || info.Mode().Perm() != 0o600 {
				t.Error("other users can read the file")
			}
		})
	}
	t.Setenv("A_KEY", "{}")
	if _, err := (seal.Source{Address: "env:A_KEY"}).AddKey(t.Context()); err == nil || !strings.Contains(err.Error(), "kek.json") {
		t.Errorf("%v", err)
	}
}

func wrap(t *testing.T, kek *seal.KEK) []byte {
	t.Helper()
	wrapped, err := kek.Encrypt([]byte("data key"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func stageOf(t *testing.T, source seal.Source) seal.Stage {
	t.Helper()
	kek, err := source.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kek.Stage()
}

// failingDatabase fails after a number of replacements.
type failingDatabase struct {
	keys map[seal.Ref][]byte
	left int
}

func (d *failingDatabase) Wrapped(_ context.Context, after seal.Ref, limit int) ([]seal.Wrapped, error) {
	var all []seal.Wrapped
	for ref, key := range d.keys {
		if ref.Subject > after.Subject {
			all = append(all, seal.Wrapped{Ref: ref, Key: key})
		}
	}
	slices.SortFunc(all, func(a, b seal.Wrapped) int { return strings.Compare(a.Subject, b.Subject) })
	return all[:min(len(all), limit, 2)], nil
}

func (d *failingDatabase) Replace(_ context.Context, replacements []seal.Replacement) error {
	if d.left == 0 {
		return errors.New("failed")
	}
	d.left--
	for _, one := range replacements {
		d.keys[one.Ref] = one.Key
	}
	return nil
}

// Rewrap can be interrupted at any point and completed by a repetition.
func TestRewrapInterrupted(t *testing.T) {
	const subjects = 7
	for at := range 5 {
		source := newSource(t, "")
		kek, err := source.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := &failingDatabase{keys: map[seal.Ref][]byte{}, left: at}
		for i := range subjects {
			ref := seal.Ref{Subject: string(rune('a' + i)), Class: "document"}
			if d.keys[ref], err = kek.Encrypt([]byte{byte(i)}, []byte(ref.Class+"\x00"+ref.Subject)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := source.AddKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		if kek, err = source.UseNewKey(t.Context()); err != nil {
			t.Fatal(err)
		}
		first, err := seal.Rewrap(t.Context(), kek, d)
		if (err == nil) != (at == 4) {
			t.Fatalf("%d: %v", at, err)
		}
		d.left = subjects
		second, err := seal.Rewrap(t.Context(), kek, d)
		if third, _ := seal.Rewrap(t.Context(), kek, d); err != nil || third != 0 || second != subjects-min(2*at, subjects) {
			t.Errorf("%d: %d, %d and %d were found: %v", at, first, second, third, err)
		}
		if kek, err = source.DropOldKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		for ref, key := range d.keys {
			if raw, err := kek.Decrypt(key, []byte(ref.Class+"\x00"+ref.Subject)); err != nil || raw[0] != ref.Subject[0]-'a' {
				t.Errorf("%v: %v", ref, err)
			}
		}
	}
}
