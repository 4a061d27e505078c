package operations

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// secrets are what nobody may find of the client who is erased, and kept is what must still be found of
// the other client.
var secrets = []string{"Kvartsiharakka", "Zyprianowski", "Hilmakatu", "0449988776", "010594Y9032"}

const kept = "Toissapariisi"

// fill begins a matter of each kind about a client, with a word in every text.
func fill(t *testing.T, conn grpc.ClientConnInterface, client *commonv1.Client, word string) (concern, file string) {
	t.Helper()
	kela, county, nurse := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), testkit.As(t, conn, testkit.Health, "tk-02", "health_professional")
	concerns, referrals := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn)
	consultations, plans := consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn)
	attachments := attachmentv1.NewAttachmentServiceClient(conn)
	content := append(testkit.PDF(2000), []byte(word)...)
	sum := sha256.Sum256(content)
	start := testkit.Insist(t, kela, attachments.StartUpload, &attachmentv1.StartUploadRequest{
		RequestId: uuid.NewString(), Filename: word + ".pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
	})
	file = start.GetAttachmentId()
	testkit.Insist(t, kela, attachments.UploadChunk, &attachmentv1.UploadChunkRequest{AttachmentId: file, Data: content})
	testkit.Insist(t, kela, attachments.FinishUpload, &attachmentv1.FinishUploadRequest{AttachmentId: file, Sha256: sum[:]})
	r := testkit.Submission()
	r.Client, r.Description, r.AttachmentIds = client, word+" on vaikeuksissa.", []string{file}
	concern = testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern})
	referral := testkit.Insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: client, Receiver: testkit.Health, Basis: testkit.Consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: word, Urgency: commonv1.Urgency_URGENCY_NORMAL,
	}).GetReferral().GetReferralId()
	testkit.Insist(t, nurse, referrals.AcceptReferral, &referralv1.AcceptReferralRequest{RequestId: uuid.NewString(), ReferralId: referral})
	testkit.Insist(t, nurse, referrals.AddProgressNote, &referralv1.AddProgressNoteRequest{RequestId: uuid.NewString(), ReferralId: referral, Text: word})
	ask := testkit.Question()
	ask.Client, ask.Basis, ask.Topic, ask.Question = client, testkit.Consented(), word, word+"?"
	asked := testkit.Insist(t, county, consultations.OpenConsultation, ask).GetConsultation().GetConsultationId()
	testkit.Insist(t, county, consultations.PostMessage, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: asked, Text: word})
	plan := testkit.Insist(t, county, plans.CreatePlan, &planv1.CreatePlanRequest{RequestId: uuid.NewString(), Client: client, Basis: testkit.Consented()}).GetPlan().GetPlanId()
	testkit.Insist(t, county, plans.AddGoal, &planv1.AddGoalRequest{RequestId: uuid.NewString(), PlanId: plan, Text: word})
	testkit.Insist(t, county, consentv1.NewConsentServiceClient(conn).GiveConsent, &consentv1.GiveConsentRequest{
		RequestId: uuid.NewString(), Client: client, Services: []string{"plan"}, Purpose: word, Provision: "1301/2014 § 35.1", Until: timestamppb.New(time.Now().AddDate(0, 6, 0)),
		Recipient: &consentv1.Recipient{Of: &consentv1.Recipient_Kind{Kind: caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE.String()}},
	})
	// Refusals must not write down what was sent either.
	bad := testkit.Submission()
	bad.Client, bad.Description, bad.Receiver = client, word+" 010594Y9032", &commonv1.Party{Agency: word}
	if _, err := concerns.SubmitConcern(kela, bad); err == nil {
		t.Error("a bad report was taken")
	}
	return concern, file
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
		store := testkit.Must(sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek}))
		report := testkit.Must(journal.Fsck(ctx, store))
		if err := report.Err(); err != nil {
			t.Error(service.Name, err)
		}
		r.tombstones += report.Tombstones
		for loop, err := range store.RawStreams(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			for _, event := range testkit.Must(store.Load(ctx, loop.Subject))[0] {
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
		r.counts[service.Name] = testkit.Must(store.Counts(ctx, time.Now().Format("2006-01")))
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	attachments := testkit.Must(allinone.OpenAttachments(ctx, data, kek))
	r.attachments(t, attachments, filepath.Join(data, "attachment.keys"))
	if err := attachments.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rest) attachments(t *testing.T, attachments *attachment.Store, keys string) {
	t.Helper()
	entries, err := os.ReadDir(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		upload := testkit.Must(attachments.Get(context.Background(), entry.Name()))
		r.opened.WriteString(upload.Filename)
		r.opened.Write(testkit.Must(io.ReadAll(attachments.Content(context.Background(), upload))))
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
	d := clustertest.NewProcess(t, clustertest.KoppiCommand, "up", "--dev", "--data", data)
	d.Start()
	conn := testkit.Dial(t, d.Address)
	client := &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi",
		Details: &commonv1.ClientDetails{GivenNames: "Testi", FamilyName: "Zyprianowski", Phones: []string{"0449988776"}, Address: "Hilmakatu 3"},
	}
	other := &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "030694W9024"}, Language: "fi", Details: &commonv1.ClientDetails{FamilyName: kept},
	}
	concern, file := fill(t, conn, client, "Kvartsiharakka")
	othersConcern, othersFile := fill(t, conn, other, kept)
	mailbox := len(testkit.Mailbox(t, testkit.As(t, conn, &commonv1.Party{Agency: "hva-pohjois-savo"}, "", "system"), conn))

	if out, err := clustertest.Koppi(t, "010594Y9032\n", "erase", "--data", data); err == nil || !strings.Contains(out, "stop it first") {
		t.Fatalf("a folder in use: %v %s", err, out)
	}
	d.End(syscall.SIGTERM)
	before := restOf(t, data)
	for _, secret := range append([]string{kept}, secrets...) {
		if !bytes.Contains(before.opened.Bytes(), []byte(secret)) {
			t.Fatalf("%s is not even there", secret)
		}
	}
	if out, err := clustertest.Koppi(t, "Zyprianowski\n", "erase", "--data", data); err == nil || strings.Contains(out, "Zyprianowski") {
		t.Fatalf("no identity code: %v %s", err, out)
	}
	hold := []string{"--data", data, "--by", "op-1"}
	clustertest.Run(t, clustertest.KoppiCommand, append([]string{"hold", "set", "concerns/" + concern, "--reason", "R 26/1"}, hold...)...)
	if out := clustertest.Run(t, clustertest.KoppiCommand, "hold", "list", "--data", data); !strings.Contains(out, "R 26/1") || !strings.Contains(out, "op-1") {
		t.Errorf("%s", out)
	}
	if out, err := clustertest.Koppi(t, "010594Y9032\n", "erase", "--data", data); err == nil || !strings.Contains(out, "1 of the client's subjects are held") {
		t.Fatalf("%v %s", err, out)
	}
	if held := restOf(t, data); held.tombstones != 0 {
		t.Fatal("what is held was erased")
	}
	clustertest.Run(t, clustertest.KoppiCommand, append([]string{"hold", "release", "concerns/" + concern}, hold...)...)
	for range 2 { // again changes nothing; a matter and the client's wishes in each
		out, err := clustertest.Koppi(t, "010594Y9032\n", "erase", "--data", data)
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
	for _, secret := range secrets {
		if bytes.Contains(erased.opened.Bytes(), []byte(secret)) {
			t.Errorf("a key that is left opens %s", secret)
		}
		if found := inFiles(t, data, secret); len(found) > 0 {
			t.Errorf("%s stands in %v", secret, found)
		}
		if bytes.Contains(d.Log.Bytes(), []byte(secret)) {
			t.Errorf("%s is in the log", secret)
		}
	}

	// The key-encryption key goes on being changed, and everybody else reads on.
	stolen := testkit.Must(seal.OpenKEK(filepath.Join(data, "secrets", "kek.json")))
	if out := clustertest.Run(t, clustertest.KoppiCommand, "keys", "rotate", "--data", data); !strings.Contains(out, "the old key is dropped") {
		t.Errorf("%s", out)
	}
	opensNothing(t, data, stolen)
	d.Log.Reset()
	d.Start()
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	if _, err := concerns.GetConcern(kela, &concernv1.GetConcernRequest{ConcernId: concern}); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	attachments := attachmentv1.NewAttachmentServiceClient(conn)
	if _, err := testkit.Download(kela, attachments, file, "concerns/"+concern); fault.ReasonOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if content, err := testkit.Download(kela, attachments, othersFile, "concerns/"+othersConcern); err != nil || !bytes.Contains(content, []byte(kept)) {
		t.Errorf("%d bytes: %v", len(content), err)
	}
	if page, err := concerns.ListConcerns(testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), &concernv1.ListConcernsRequest{}); err != nil || len(page.GetConcerns()) != 1 {
		t.Errorf("%v %v", page, err)
	}
	again := testkit.Mailbox(t, testkit.As(t, conn, &commonv1.Party{Agency: "hva-pohjois-savo"}, "", "system"), conn)
	if len(again) != mailbox {
		t.Errorf("%d messages, were %d", len(again), mailbox)
	}
	fill(t, conn, client, "Uusi asia") // a client who was erased may come again
	d.End(syscall.SIGTERM)
	for _, secret := range secrets[:1] {
		if bytes.Contains(d.Log.Bytes(), []byte(secret)) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// opensNothing holds an old key-encryption key against every key in a folder.
func opensNothing(t *testing.T, data string, stolen *seal.KEK) {
	t.Helper()
	kek := testkit.Must(seal.OpenKEK(filepath.Join(data, "secrets", "kek.json")))
	seen := 0
	for _, service := range all.Services {
		files := allinone.Paths(data, service.Name)
		store := testkit.Must(sqlite.Open(context.Background(), sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: kek}))
		for _, one := range testkit.Must(store.Rewrapper().Wrapped(context.Background(), seal.Ref{}, 1000)) {
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
