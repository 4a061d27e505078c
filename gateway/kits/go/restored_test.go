package partner_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"koppi.internal/partner"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// An endpoint that took five messages, two of which Koppi lost by a restore, distinguishes other messages in their place
// from repetitions. After its file is cut where the two histories part, it takes messages again.
func TestEndpointAfterRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inbox")
	opened := func() (*partner.File, func(messages []partner.Message, accepted uint32, refused codes.Code)) {
		file, err := partner.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		endpoint := endpointOf(t, file)
		return file, func(messages []partner.Message, accepted uint32, refused codes.Code) {
			t.Helper()
			request := &exchangev1.DeliverRequest{Cursor: messages[len(messages)-1].GetCursor()}
			for _, message := range messages {
				request.Messages = append(request.Messages, message.GetMessage())
			}
			got, err := endpoint.Deliver(t.Context(), request)
			if err != nil || got.GetAccepted() != accepted || codes.Code(got.GetRefused().GetCode()) != refused {
				t.Errorf("%v %v, want %d and %v", got, err, accepted, refused)
			}
		}
	}
	before, after := mailbox(5), restored(3, 8)
	file, deliver := opened()
	deliver(before, 5, codes.OK)
	deliver(before[1:4], 3, codes.OK)
	deliver(after[1:3], 2, codes.OK)
	deliver(after[2:5], 1, codes.DataLoss)
	deliver(after[4:5], 0, codes.DataLoss)
	deliver(after[3:7], 0, codes.DataLoss)
	deliver(after[5:7], 0, codes.DataLoss)
	if position, _ := file.Position(t.Context()); position.Heads["concern"].Sequence != 5 {
		t.Errorf("%v", position)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{path + ".cut", ""} { // the second cut changes nothing
		if cut, err := partner.Cut(path, map[string]uint64{"concern": 3, "plan": 9}); err != nil || cut != want {
			t.Errorf("%q %v, want %q", cut, err, want)
		}
	}
	if cut, err := os.ReadFile(path + ".cut"); err != nil || bytes.Count(cut, []byte("\n")) != 2 {
		t.Errorf("%q %v", cut, err)
	}
	file, deliver = opened()
	defer func() { _ = file.Close() }()
	deliver(after[2:], 6, codes.OK)
	deliver(after, 8, codes.OK)
}

// A cut that was interrupted at any moment continues when it is called again. If a file of an earlier cut is in the
// way, the cut is refused.
func TestCutContinues(t *testing.T) {
	ends := map[string]uint64{"concern": 3}
	filled := func(t *testing.T) (path string, whole, tail []byte) {
		t.Helper()
		path = filepath.Join(t.TempDir(), "inbox")
		file := must(partner.OpenFile(path))
		if err := file.Take(t.Context(), mailbox(5), partner.Position{}); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		whole = must(os.ReadFile(path))
		lines := bytes.SplitAfter(whole, []byte("\n"))
		return path, whole, bytes.Join(lines[3:], nil)
	}
	for name, left := range map[string]map[string]func(tail []byte) []byte{
		"nothing done":        {},
		"half copied":         {".cut.part": func(tail []byte) []byte { return tail[:10] }},
		"copied, and not cut": {".cut": func(tail []byte) []byte { return tail }},
	} {
		t.Run(name, func(t *testing.T) {
			path, whole, tail := filled(t)
			for suffix, content := range left {
				if err := os.WriteFile(path+suffix, content(tail), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if cut, err := partner.Cut(path, ends); err != nil || cut != path+".cut" {
				t.Fatalf("%q %v", cut, err)
			}
			if got := must(os.ReadFile(path + ".cut")); !bytes.Equal(got, tail) {
				t.Errorf("%q is cut, want %q", got, tail)
			}
			if got := must(os.ReadFile(path)); !bytes.Equal(append(got, tail...), whole) {
				t.Errorf("%q remains", got)
			}
			if _, err := os.Stat(path + ".cut.part"); err == nil {
				t.Error("the partial copy remains")
			}
		})
	}
	path, whole, _ := filled(t)
	if err := os.WriteFile(path+".cut", []byte("an earlier restore's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := partner.Cut(path, ends); err == nil || !strings.Contains(err.Error(), "earlier cut") || !bytes.Equal(must(os.ReadFile(path)), whole) {
		t.Errorf("over a file of an earlier cut: %v", err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
