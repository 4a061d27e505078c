package matters

import (
	"bytes"
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// The largest attachment is uploaded over a connection that is cut again and again, resumes, and is
// downloaded unchanged, with separate processes. The gateway keeps nothing of it: once its memory has
// grown to what two rounds need, a third does not increase it.
func TestPapersOverACutLine(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	line := testkit.NewProxy(t, c.Gateways[0].Address, func() int64 { return 12<<20 + rand.Int64N(15<<20) })
	attachments := attachmentv1.NewAttachmentServiceClient(testkit.Dial(t, testkit.TrimScheme(line.Address)))
	content := testkit.PDF(attachment.MaxBytes)
	concerns := concernv1.NewConcernServiceClient(conn)
	var before int64
	for round := range 3 {
		found := testkit.Upload(t, kela, attachments, content)
		sum := sha256.Sum256(content)
		if !bytes.Equal(found.GetSha256(), sum[:]) || found.GetSizeBytes() != attachment.MaxBytes || found.GetMediaType() != "application/pdf" {
			t.Fatalf("%v", found)
		}
		r := testkit.Submission()
		r.AttachmentIds = []string{found.GetAttachmentId()}
		id := testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
		got, err := testkit.Download(county, attachmentv1.NewAttachmentServiceClient(conn), found.GetAttachmentId(), "concerns/"+id)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes came down: %v", len(got), err)
		}
		now := c.Gateways[0].PeakMemory()
		t.Logf("round %d: %d cuts, the gateway's peak is %d MB", round, line.Cuts.Load(), now>>20)
		if round == 2 && now > before+attachment.MaxBytes/2 {
			t.Errorf("the gateway grew from %d to %d MB", before>>20, now>>20)
		}
		before = now
	}
	if line.Cuts.Load() == 0 {
		t.Error("no line was cut")
	}
	c.Fsck()
}

// A reader can read an attachment through a subject that names it if it may read that subject, and
// nobody else can. Both sides can send attachments.
func TestWhoReadsPapers(t *testing.T) {
	f := testkit.NewFixture(t)
	conn := f.Conn()
	attachments, concerns := attachmentv1.NewAttachmentServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	kela, county, nurse := f.As("kela"), f.As("county"), f.As("nurse")
	content := testkit.PDF(3<<20 + 17)
	uploaded := testkit.Upload(t, kela, attachments, content).GetAttachmentId()
	r := testkit.Submission()
	r.Client = &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}}
	r.AttachmentIds = []string{uploaded}
	concern := testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern()
	subject := "concerns/" + concern.GetConcernId()
	reads := func(name string, ctx context.Context, id, subject string, may bool) {
		t.Helper()
		got, err := testkit.Download(ctx, attachments, id, subject)
		switch {
		case may && (err != nil || !bytes.Equal(got, content)):
			t.Errorf("%s reads %d bytes: %v", name, len(got), err)
		case !may && fault.ReasonOf(err) != fault.NotFound:
			t.Errorf("%s: %v", name, err)
		}
	}
	reads("the receiver", county, uploaded, subject, true)
	reads("the sender", kela, uploaded, subject, true)
	reads("the client", f.As("client"), uploaded, subject, true)
	reads("a stranger", nurse, uploaded, subject, false)
	reads("an operator", f.As("operator"), uploaded, subject, false)
	reads("guessed", county, uuid.NewString(), subject, false)
	other := testkit.Submission()
	other.Client = r.GetClient()
	reads("another subject", kela, uploaded, "concerns/"+testkit.Insist(t, kela, concerns.SubmitConcern, other).GetConcern().GetConcernId(), false)

	// The answer brings a paper back, with the client's consent.
	answer := testkit.Upload(t, county, attachments, content).GetAttachmentId()
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	closed := testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{
		RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_GUIDED, AttachmentIds: []string{answer},
	}).GetConcern()
	if len(closed.GetOutcomeAttachments()) != 1 {
		t.Errorf("%v", closed)
	}
	reads("the reporter", kela, answer, subject, true)
	reads("the client, of what officials write each other", f.As("client"), answer, subject, false)

	// A redirected referral passes its papers on.
	referrals := referralv1.NewReferralServiceClient(conn)
	sent := testkit.Insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: r.GetClient(), Receiver: testkit.Kela, Basis: testkit.Consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL, AttachmentIds: []string{answer},
	}).GetReferral()
	redirected := testkit.Insist(t, kela, referrals.RedirectReferral, &referralv1.RedirectReferralRequest{
		RequestId: uuid.NewString(), ReferralId: sent.GetReferralId(), Receiver: testkit.Health, Basis: testkit.Consented(), Explanation: "Kuuluu terveydenhuoltoon.",
	})
	reads("the third agency", nurse, answer, "referrals/"+redirected.GetRedirectedReferralId(), true)

	testkit.Insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Reason: "Väärä henkilö."})
	reads("after it was entered in error, the receiver", county, uploaded, subject, false)
}

// Invalid uploads, and attempts to name an attachment without the right to, are refused, each with
// its own reason, and nothing changes.
func TestPapersRefused(t *testing.T) {
	f := testkit.NewFixture(t)
	attachments := attachmentv1.NewAttachmentServiceClient(f.Conn())
	kela, county := f.As("kela"), f.As("county")
	content := testkit.PDF(1<<20 + 5)
	start := func(ctx context.Context, change func(*attachmentv1.StartUploadRequest)) (*attachmentv1.StartUploadResponse, error) {
		r := &attachmentv1.StartUploadRequest{RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content))}
		change(r)
		return attachments.StartUpload(ctx, r)
	}
	nothing := func(*attachmentv1.StartUploadRequest) {}
	refused := func(name string, err error, want fault.Reason) {
		t.Helper()
		if fault.ReasonOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, one := range map[string]struct {
		ctx    context.Context
		change func(*attachmentv1.StartUploadRequest)
		want   fault.Reason
	}{
		"a path":           {kela, func(r *attachmentv1.StartUploadRequest) { r.Filename = "../x" }, fault.FileNameNotAllowed},
		"a program":        {kela, func(r *attachmentv1.StartUploadRequest) { r.Filename = "lasku.exe" }, fault.FileNameNotAllowed},
		"an identity code": {kela, func(r *attachmentv1.StartUploadRequest) { r.Filename = "010594Y9032.pdf" }, fault.ContentNotAllowed},
		"no media type":    {kela, func(r *attachmentv1.StartUploadRequest) { r.MediaType = "pdf" }, fault.InvalidField},
		"too large":        {kela, func(r *attachmentv1.StartUploadRequest) { r.SizeBytes = attachment.MaxBytes + 1 }, fault.InvalidField},
		"a client":         {f.As("client"), nothing, fault.RoleNotAllowed},
		"an operator":      {f.As("operator"), nothing, fault.RoleNotAllowed},
		"nobody":           {t.Context(), nothing, fault.TokenRequired},
	} {
		_, err := start(one.ctx, one.change)
		refused(name, err, one.want)
	}

	id, again := uuid.NewString(), func(r *attachmentv1.StartUploadRequest) {}
	same := func(r *attachmentv1.StartUploadRequest) { r.RequestId = id; again(r) }
	first, err := start(kela, same)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := start(kela, same); err != nil || second.GetAttachmentId() != first.GetAttachmentId() {
		t.Errorf("the same request again: %v %v", second, err)
	}
	again = func(r *attachmentv1.StartUploadRequest) { r.Filename = "muu.pdf" }
	_, err = start(kela, same)
	refused("another body", err, fault.RequestIDReused)

	chunk := func(ctx context.Context, offset int64, data []byte) error {
		_, err := attachments.UploadChunk(ctx, &attachmentv1.UploadChunkRequest{AttachmentId: first.GetAttachmentId(), Offset: offset, Data: data})
		return err
	}
	refused("a stranger's chunk", chunk(county, 0, content[:1<<20]), fault.NotFound)
	refused("too early", chunk(kela, 1<<20, content[1<<20:]), fault.WrongOffset)
	// A slow line sends small pieces, and what is there already again.
	for _, end := range []int{100, 1 << 20} {
		if err := chunk(kela, 0, content[:end]); err != nil {
			t.Fatal(err)
		}
	}
	finish := func(ctx context.Context, sum [32]byte) error {
		_, err := attachments.FinishUpload(ctx, &attachmentv1.FinishUploadRequest{AttachmentId: first.GetAttachmentId(), Sha256: sum[:]})
		return err
	}
	refused("finished too early", finish(kela, sha256.Sum256(content)), fault.WrongOffset)
	named := func(who, id string, changes map[string]any) error {
		all := map[string]any{"attachmentIds": []string{id}}
		for field, value := range changes {
			all[field] = value
		}
		_, err := f.Call(f.Tokens[who], testkit.SubmitCall, testkit.Report(all))
		return err
	}
	f.CheckRefusal("unfinished", named("kela", first.GetAttachmentId(), nil), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	if err := chunk(kela, 1<<20, content[1<<20:]); err != nil {
		t.Fatal(err)
	}
	refused("a stranger finishes", finish(county, sha256.Sum256(content)), fault.NotFound)
	refused("another digest", finish(kela, sha256.Sum256(content[1:])), fault.UploadDiffers)
	refused("what was refused is gone", finish(kela, sha256.Sum256(content)), fault.NotFound)

	uploaded := testkit.Upload(t, kela, attachments, content).GetAttachmentId()
	health := map[string]any{"receiver": map[string]any{"agency": "terveys-pohjois-savo"}}
	f.CheckRefusal("a stranger's id", named("county", uploaded, health), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	f.CheckRefusal("no such id", named("kela", uuid.NewString(), nil), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	f.CheckRefusal("a message that is refused", named("kela", uploaded, map[string]any{"client": map[string]any{"personalIdentityCode": "020516C903K"}, "topics": nil}), "invalid_argument", "TOPIC_REQUIRED")
	if err := named("kela", uploaded, nil); err != nil {
		t.Fatalf("what was refused has bound the paper: %v", err)
	}
	f.CheckRefusal("another client", named("kela", uploaded, map[string]any{"client": map[string]any{"personalIdentityCode": "020516C903K"}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	ask := testkit.JSON(map[string]any{
		"requestId": uuid.NewString(), "addressee": map[string]any{"agency": "hva-pohjois-savo"}, "topic": "Uni", "question": "Mitä?", "urgency": "URGENCY_NORMAL",
		"basis": map[string]any{"ground": "LEGAL_GROUND_NO_PERSONAL_DATA", "provision": "703/2023 § 31"}, "attachmentIds": []string{uploaded},
	}, nil)
	_, err = f.Call(f.Tokens["kela"], testkit.ConsultationService+"OpenConsultation", ask)
	f.CheckRefusal("an anonymous question", err, "invalid_argument", "CONTENT_NOT_ALLOWED")
}

// An attachment whose content differs from its declared type, or in which the scanner finds
// something, is refused and removed. If the scanner does not answer, the upload is not completed.
func TestPapersAreJudged(t *testing.T) {
	scanner := newScanner(t)
	f := testkit.NewFixtureWith(t, allinone.Config{Scanner: scanner.address})
	attachments, kela := attachmentv1.NewAttachmentServiceClient(f.Conn()), f.As("kela")
	send := func(content []byte) error {
		start, err := attachments.StartUpload(kela, &attachmentv1.StartUploadRequest{
			RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := attachments.UploadChunk(kela, &attachmentv1.UploadChunkRequest{AttachmentId: start.GetAttachmentId(), Data: content}); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		_, err = attachments.FinishUpload(kela, &attachmentv1.FinishUploadRequest{AttachmentId: start.GetAttachmentId(), Sha256: sum[:]})
		return err
	}
	if err := send([]byte("\x7fELF\x02\x01\x01")); fault.ReasonOf(err) != fault.MediaTypeNotAllowed {
		t.Error(err)
	}
	if err := send(testkit.PDF(1000)); err != nil {
		t.Error(err)
	}
	if err := send(append(testkit.PDF(1000), infected...)); fault.ReasonOf(err) != fault.MalwareFound {
		t.Error(err)
	}
	scanner.close()
	if err := send(testkit.PDF(1001)); fault.ReasonOf(err) != fault.Unavailable {
		t.Error(err)
	}
}
