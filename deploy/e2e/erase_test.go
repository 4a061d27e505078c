package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/deploy/allinone"
	all "koppi.internal/deploy/suite"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// tells are what nobody must find of the client who is erased, and kept what must still
// be found of the other.
var tells = []string{"Kvartsiharakka", "Zyprianowski", "Hilmakatu", "0449988776", "010594Y9032"}

const kept = "Toissapariisi"

// told makes a matter of each kind about a client, with a word in all that is written.
func told(t *testing.T, conn grpc.ClientConnInterface, client *commonv1.Client, word string) (concern, paper string) {
	t.Helper()
	kela, county, nurse := as(t, conn, kelaParty, "kela-17", "benefit_handler"), as(t, conn, countyParty, "ps-21", "social_worker"), as(t, conn, healthParty, "tk-02", "health_professional")
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	papers := attachmentv1.NewAttachmentServiceClient(conn)
	content := append(invoice(2000), []byte(word)...)
	sum := sha256.Sum256(content)
	start := insist(t, kela, papers.StartUpload, &attachmentv1.StartUploadRequest{
		RequestId: uuid.NewString(), Filename: word + ".pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
	})
	paper = start.GetAttachmentId()
	insist(t, kela, papers.UploadChunk, &attachmentv1.UploadChunkRequest{AttachmentId: paper, Data: content})
	insist(t, kela, papers.FinishUpload, &attachmentv1.FinishUploadRequest{AttachmentId: paper, Sha256: sum[:]})
	r := submission()
	r.Client, r.Description, r.AttachmentIds = client, word+" on vaikeuksissa.", []string{paper}
	concern = insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern})
	referral := insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: client, Receiver: healthParty, Basis: consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: word, Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral().GetReferralId()
	insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: referral})
	insist(t, nurse, referrals.AddProgressNote, &referralv1.AddProgressNoteRequest{RequestId: uuid.NewString(), ReferralId: referral, Text: word})
	ask := question()
	ask.Client, ask.Basis, ask.Topic, ask.Question = client, consented(), word, word+"?"
	asked := insist(t, county, consultations.OpenConsultation, ask).GetConsultation().GetConsultationId()
	insist(t, county, consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: asked, Text: word})
	plan := insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: consented()}).GetPlan().GetPlanId()
	insist(t, county, plans.AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: plan, Text: word})
	given := consentFor(client, healthCare, "plan")
	given.Purpose = word
	insist(t, county, consentv1.NewConsentServiceClient(conn).GiveConsent, given)
	// Refusals must not write down what was sent either.
	bad := submission()
	bad.Client, bad.Description, bad.Receiver = client, word+" 010594Y9032", &commonv1.Party{Agency: word}
	if _, err := concerns.SubmitConcern(kela, bad); err == nil {
		t.Error("a bad report was taken")
	}
	return concern, paper
}

// tool runs koppi with something on standard input.
func tool(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(program(t, koppiProgram), args...)
	command.Stdin = strings.NewReader(input)
	out, err := command.CombinedOutput()
	return string(out), err
}

// rest is a data folder at rest: what is in it in the clear, and what every key in it opens.
type rest struct {
	opened     bytes.Buffer
	tombstones int
	counts     map[string][]journal.CounterSum
}

func restOf(t *testing.T, data string) *rest {
	t.Helper()
	r, ctx := &rest{counts: map[string][]journal.CounterSum{}}, context.Background()
	kek, err := seal.OpenKEK(filepath.Join(data, "secrets", "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range all.Services {
		files := allinone.Paths(data, service.Name)
		store := must(sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek}))
		report := must(journal.Fsck(ctx, store))
		if err := report.Err(); err != nil {
			t.Error(service.Name, err)
		}
		r.tombstones += report.Tombstones
		for loop, err := range store.RawStreams(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range must(store.Load(ctx, loop.Subject))[0] {
				r.opened.Write(event.Payload)
			}
			if client, err := store.Client(ctx, loop.Subject); err == nil {
				r.opened.Write(client)
			}
		}
		for delivery, err := range store.RawDeliveries(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			r.opened.Write(delivery.Record)
		}
		r.counts[service.Name] = must(store.Counts(ctx, time.Now().Format("2006-01")))
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	papers := must(allinone.OpenPapers(ctx, data, kek))
	r.papers(t, papers, filepath.Join(data, "attachment.keys"))
	if err := papers.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rest) papers(t *testing.T, papers *attachment.Store, keys string) {
	t.Helper()
	entries, err := os.ReadDir(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		upload := must(papers.Get(context.Background(), entry.Name()))
		r.opened.WriteString(upload.Filename)
		r.opened.Write(must(io.ReadAll(papers.Content(context.Background(), upload))))
	}
}

// inFiles tells in which files of a folder a text stands.
func inFiles(t *testing.T, folder, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) || strings.Contains(path, text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// After a client is erased, nothing of them can be read: not in the files, not with any remaining
// key, not in the log. The statistics stay as they were, and so does everybody else's data.
func TestErase(t *testing.T) {
	data := t.TempDir()
	d := newDaemon(t, koppiProgram, "up", "--dev", "--data", data)
	d.start()
	conn := dialStubborn(t, d.address)
	client := &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi",
		Details: &commonv1.ClientDetails{GivenNames: "Testi", FamilyName: "Zyprianowski", Phones: []string{"0449988776"}, Address: "Hilmakatu 3"},
	}
	other := &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "030694W9024"}, Language: "fi", Details: &commonv1.ClientDetails{FamilyName: kept},
	}
	concern, paper := told(t, conn, client, "Kvartsiharakka")
	othersConcern, othersPaper := told(t, conn, other, kept)
	mailbox := len(mailboxOf(t, as(t, conn, &commonv1.Party{Agency: "hva-pohjois-savo"}, "", "system"), conn))

	if out, err := tool(t, "010594Y9032\n", "erase", "--data", data); err == nil || !strings.Contains(out, "stop it first") {
		t.Fatalf("a folder in use: %v %s", err, out)
	}
	d.end(syscall.SIGTERM)
	before := restOf(t, data)
	for _, tell := range append([]string{kept}, tells...) {
		if !bytes.Contains(before.opened.Bytes(), []byte(tell)) {
			t.Fatalf("%s is not even there", tell)
		}
	}
	if out, err := tool(t, "Zyprianowski\n", "erase", "--data", data); err == nil || strings.Contains(out, "Zyprianowski") {
		t.Fatalf("no identity code: %v %s", err, out)
	}
	hold := []string{"--data", data, "--by", "op-1"}
	runs(t, koppiProgram, append([]string{"hold", "set", "concerns/" + concern, "--reason", "R 26/1"}, hold...)...)
	if out := runs(t, koppiProgram, "hold", "list", "--data", data); !strings.Contains(out, "R 26/1") || !strings.Contains(out, "op-1") {
		t.Errorf("%s", out)
	}
	if out, err := tool(t, "010594Y9032\n", "erase", "--data", data); err == nil || !strings.Contains(out, "1 of the client's subjects are held") {
		t.Fatalf("%v %s", err, out)
	}
	if held := restOf(t, data); held.tombstones != 0 {
		t.Fatal("what is held was erased")
	}
	runs(t, koppiProgram, append([]string{"hold", "release", "concerns/" + concern}, hold...)...)
	for range 2 { // again changes nothing; a matter and the client's wishes in each
		out, err := tool(t, "010594Y9032\n", "erase", "--data", data)
		if err != nil || !strings.Contains(out, "concern: 2 subjects") || !strings.Contains(out, "plan: 2 subjects") || strings.Contains(out, "concerns/") {
			t.Fatalf("%v %s", err, out)
		}
	}
	erased := restOf(t, data)
	if erased.tombstones == 0 || !reflect.DeepEqual(erased.counts, before.counts) {
		t.Errorf("%d tombstones, counts %v, were %v", erased.tombstones, erased.counts, before.counts)
	}
	if !bytes.Contains(erased.opened.Bytes(), []byte(kept)) {
		t.Error("another client was erased too")
	}
	for _, tell := range tells {
		if bytes.Contains(erased.opened.Bytes(), []byte(tell)) {
			t.Errorf("a key that is left opens %s", tell)
		}
		if found := inFiles(t, data, tell); len(found) > 0 {
			t.Errorf("%s stands in %v", tell, found)
		}
		if bytes.Contains(d.log.Bytes(), []byte(tell)) {
			t.Errorf("%s is in the log", tell)
		}
	}

	// The key-encryption key goes on being changed, and everybody else reads on.
	stolen := must(seal.OpenKEK(filepath.Join(data, "secrets", "kek.json")))
	if out := runs(t, koppiProgram, "keys", "rotate", "--data", data); !strings.Contains(out, "the old key is dropped") {
		t.Errorf("%s", out)
	}
	opensNothing(t, data, stolen)
	d.log.Reset()
	d.start()
	kela := as(t, conn, kelaParty, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	if _, err := concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: concern}); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	papers := attachmentv1.NewAttachmentServiceClient(conn)
	if _, err := download(kela, papers, paper, "concerns/"+concern); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if content, err := download(kela, papers, othersPaper, "concerns/"+othersConcern); err != nil || !bytes.Contains(content, []byte(kept)) {
		t.Errorf("%d bytes: %v", len(content), err)
	}
	if page, err := concerns.ListConcerns(as(t, conn, countyParty, "ps-21", "social_worker"), &concernv1.ListConcernsRequest{}); err != nil || len(page.GetConcerns()) != 1 {
		t.Errorf("%v %v", page, err)
	}
	again := mailboxOf(t, as(t, conn, &commonv1.Party{Agency: "hva-pohjois-savo"}, "", "system"), conn)
	if len(again) != mailbox {
		t.Errorf("%d messages, were %d", len(again), mailbox)
	}
	told(t, conn, client, "Uusi asia") // a client who was erased may come again
	d.end(syscall.SIGTERM)
	for _, tell := range tells[:1] {
		if bytes.Contains(d.log.Bytes(), []byte(tell)) {
			t.Errorf("%s is in the log", tell)
		}
	}
}

// opensNothing holds an old key-encryption key against every key in a folder.
func opensNothing(t *testing.T, data string, stolen *seal.KEK) {
	t.Helper()
	kek := must(seal.OpenKEK(filepath.Join(data, "secrets", "kek.json")))
	seen := 0
	for _, service := range all.Services {
		files := allinone.Paths(data, service.Name)
		store := must(sqlite.Open(context.Background(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek}))
		for _, one := range must(store.Rewrapper().Wrapped(context.Background(), seal.Ref{}, 1000)) {
			seen++
			if _, err := stolen.Decrypt(one.Key, []byte(one.Class+"\x00"+one.Subject)); err == nil || !kek.Fresh(one.Key) {
				t.Errorf("the old key opens one of %s", service.Name)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if seen == 0 {
		t.Error("there are no keys")
	}
}
