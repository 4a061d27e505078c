package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/partner"
)

// Mailboxes of several pages are exported whole and in order, tombstones among them, although every second call fails.
// The kit reads the lines as what ListMessages answers. No log has content.
func TestMailboxesOverFailures(t *testing.T) {
	k := newKoppi()
	k.fails = codes.Unavailable
	for range 3 {
		k.append("concern", "concerns/1", named())
		k.append("concern", "concerns/1", nil)
		k.append("plan", "plans/1", named())
	}
	target := filepath.Join(t.TempDir(), "below", "export")
	result, logged, err := k.export(t, t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range result.Manifest.Mailboxes {
		messages, err := partner.ParseMessages(fmt.Appendf(nil, `{"messages": [%s]}`, slices.Concat(commas(linesOf(t, target, box.File))...)))
		if err != nil {
			t.Fatal(err)
		}
		var position partner.Position
		for _, message := range messages {
			if position, err = position.Follow(message, ""); err != nil {
				t.Error(err)
			}
		}
		want := len(k.mailboxes[box.Service])
		if len(messages) != want || box.Sequence != uint64(want) || want > 0 && string(position.Heads[box.Service].ChainHash) != string(box.ChainHash) || len(box.ChainHash) != sha256.Size {
			t.Errorf("%d messages are exported, and %v", len(messages), box)
		}
	}
	if boxes := result.Manifest.Mailboxes; len(boxes) != 4 || boxes[0].Tombstones != 3 {
		t.Errorf("%v", boxes)
	}
	text, err := os.ReadFile(filepath.Join(target, manifestFile))
	if sum := sha256.Sum256(text); err != nil || result.Sum != hex.EncodeToString(sum[:]) {
		t.Error("the sum is not that of the manifest")
	}
	if strings.Contains(logged, "vuokraa") || !strings.Contains(logged, "made again") {
		t.Errorf("logged is %s", logged)
	}
	if concerns, err := os.ReadFile(filepath.Join(target, "mailboxes/concern.jsonl")); err != nil || strings.Contains(string(concerns), "traceparent") {
		t.Error("the trace context is exported")
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may read %v", info)
	}
}

func commas(lines [][]byte) [][]byte {
	var all [][]byte
	for i, one := range lines {
		if i > 0 {
			all = append(all, []byte(","))
		}
		all = append(all, one)
	}
	return all
}

// An attachment is downloaded once, by whichever matter the agency may read it. What Koppi does not have any more is
// noted and ends nothing.
func TestAttachments(t *testing.T) {
	const one, other, gone = "01980000-0000-7000-8000-000000000001", "01980000-0000-7000-8000-000000000002", "01980000-0000-7000-8000-000000000003"
	content, second := []byte("Vuokralasku 09/2026, kahdelta kuukaudelta"), []byte("Päätös")
	k := newKoppi()
	k.append("concern", "concerns/1", named(described(one, content), described(gone, content), described(other, second)))
	k.append("concern", "concerns/1", named(described(one, content)))
	k.append("referral", "referrals/1", named(described(other, second)))
	k.contents["concerns/1 "+one], k.contents["referrals/1 "+other] = content, second
	target := t.TempDir()
	result, _, err := k.export(t, t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if found := result.Manifest.Attachments; found != (Attachments{File: indexFile, Count: 2, SizeBytes: int64(len(content) + len(second)), Missing: 1}) {
		t.Errorf("%+v", found)
	}
	var index []Attachment
	for _, text := range linesOf(t, target, indexFile) {
		var entry Attachment
		if err := json.Unmarshal(text, &entry); err != nil {
			t.Fatal(err)
		}
		index = append(index, entry)
	}
	sum := sha256.Sum256(content)
	want := Attachment{AttachmentID: one, Filename: "lasku.txt", MediaType: "text/plain", PaperKind: "invoice", SizeBytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), Service: "concern", Sequence: 1}
	lost := want
	lost.AttachmentID, lost.Missing = gone, true
	if len(index) != 3 || index[0] != want || index[1].AttachmentID != other || index[1].Service != "referral" || index[2] != lost {
		t.Errorf("%+v", index)
	}
	if got, err := os.ReadFile(filepath.Join(target, attachmentsFolder, one)); err != nil || string(got) != string(content) {
		t.Errorf("%q: %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Join(target, attachmentsFolder)); err != nil || len(left) != 2 {
		t.Errorf("%v: %v", left, err)
	}
}

// A download that breaks off begins anew.
func TestDownloadThatBreaksOff(t *testing.T) {
	const id = "01980000-0000-7000-8000-000000000001"
	k := newKoppi()
	k.append("concern", "concerns/1", named(described(id, []byte("tiny"))))
	k.contents["concerns/1 "+id] = []byte("tiny")
	k.fails = codes.Unavailable
	target := filepath.Join(t.TempDir(), "export")
	if _, _, err := k.export(t, t.Context(), target); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(target, attachmentsFolder, id)); err != nil || string(got) != "tiny" {
		t.Errorf("%q: %v", got, err)
	}
}

// An export that fails says why, and leaves nothing.
func TestFailures(t *testing.T) {
	const id = "01980000-0000-7000-8000-000000000001"
	content := []byte("Vuokralasku 09/2026")
	for name, one := range map[string]struct {
		change func(*fakeKoppi)
		want   string
	}{
		"another agency's token":     {func(k *fakeKoppi) { k.mailboxes["concern"][0].Mailbox = "other" }, "is the token that of kela?"},
		"a broken chain":             {func(k *fakeKoppi) { k.mailboxes["concern"] = k.mailboxes["concern"][1:] }, "it comes after message 0: an empty inbox needs a consumer of its own"},
		"a changed field":            {func(k *fakeKoppi) { k.mailboxes["concern"][1].CaseId = "x" }, "it is not its record"},
		"a later gateway":            {func(k *fakeKoppi) { k.version = "1.1.0" }, "use a program of the gateway's version"},
		"a refusal":                  {func(k *fakeKoppi) { k.fails = codes.PermissionDenied }, "try again"},
		"another content":            {func(k *fakeKoppi) { k.contents["concerns/1 "+id] = []byte("Vuokralasku 10/2026") }, errDiffers.Error()},
		"more content":               {func(k *fakeKoppi) { k.contents["concerns/1 "+id] = append(content, content...) }, errDiffers.Error()},
		"an id that leads elsewhere": {func(k *fakeKoppi) { k.append("plan", "plans/1", named(described("../../x", content))) }, errNoID.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			k, parent := newKoppi(), t.TempDir()
			k.append("concern", "concerns/1", named(described(id, content)))
			k.append("concern", "concerns/1", named())
			k.contents["concerns/1 "+id] = content
			one.change(k)
			if _, _, err := k.export(t, t.Context(), filepath.Join(parent, "export")); err == nil || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "uokra") {
				t.Errorf("%v", err)
			}
			nothingIn(t, parent)
		})
	}
}

// A download that is longer than the message says is not read to its end: it could fill the disk.
func TestTooMuchContent(t *testing.T) {
	const id = "01980000-0000-7000-8000-000000000001"
	k := newKoppi()
	k.append("concern", "concerns/1", named(described(id, []byte("tiny"))))
	k.contents["concerns/1 "+id] = make([]byte, 64<<20)
	if _, _, err := k.export(t, t.Context(), filepath.Join(t.TempDir(), "export")); !errors.Is(err, errDiffers) || k.downloaded.Load() > 0 {
		t.Errorf("%v, and all was downloaded: %v", err, k.downloaded.Load() > 0)
	}
}

// An export that is interrupted leaves nothing.
func TestInterrupted(t *testing.T) {
	k, parent := newKoppi(), t.TempDir()
	for range 5 {
		k.append("concern", "concerns/1", named())
	}
	ctx, cancel := context.WithCancel(t.Context())
	pages := 0
	k.onPage = func() {
		if pages++; pages == 2 {
			cancel()
		}
	}
	if _, _, err := k.export(t, ctx, filepath.Join(parent, "export")); err == nil {
		t.Error("it goes on")
	}
	nothingIn(t, parent)
}

// What is there is never changed.
func TestTargets(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "notes")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{folder, path} {
		if _, _, err := newKoppi().export(t, t.Context(), target); err == nil {
			t.Errorf("%s is written to", target)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("%v: %v", left, err)
	}
}

// An event of a type that this program does not know is exported with its type and its bytes.
func TestUnknownEvent(t *testing.T) {
	message := newKoppi().append("concern", "concerns/1", &anypb.Any{TypeUrl: "type.googleapis.com/koppi.concern.v1.OfTomorrow", Value: []byte{8, 1}})
	text, err := line(message)
	if err != nil {
		t.Fatal(err)
	}
	var view struct {
		Sequence, Record string
		Event            map[string]string
	}
	if err := json.Unmarshal(text, &view); err != nil || view.Event["@type"] != message.GetEvent().GetTypeUrl() || view.Event["value"] != "CAE=" || view.Sequence != "1" || view.Record == "" {
		t.Errorf("%v: %s", err, text)
	}
}
