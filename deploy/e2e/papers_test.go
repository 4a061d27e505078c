package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"koppi.internal/deploy/allinone"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

var kelaParty = &commonv1.Party{Agency: "kela", Unit: "toimeentulotuki"}

// invoice is a PDF of a size, of bytes that cannot be compressed.
func invoice(size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(content)
	copy(content, "%PDF-1.7\n")
	return content
}

// upload sends content, resuming where the line was cut, and returns the attachment.
func upload(t *testing.T, ctx context.Context, papers attachmentv1.AttachmentServiceClient, content []byte) *commonv1.Attachment {
	t.Helper()
	start := insist(t, ctx, papers.StartUpload, &attachmentv1.StartUploadRequest{
		RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
	})
	for offset := int64(0); offset < int64(len(content)); {
		end := min(offset+int64(start.GetChunkBytes()), int64(len(content)))
		answer, err := papers.UploadChunk(ctx, &attachmentv1.UploadChunkRequest{AttachmentId: start.GetAttachmentId(), Offset: offset, Data: content[offset:end]})
		if err == nil {
			offset = answer.GetNextOffset()
			continue
		}
		if reason := fault.ReasonOf(err); reason != "" && reason != fault.Unavailable {
			t.Fatal(err)
		}
		offset = insist(t, ctx, papers.GetUpload, &attachmentv1.GetUploadRequest{AttachmentId: start.GetAttachmentId()}).GetNextOffset()
	}
	sum := sha256.Sum256(content)
	return insist(t, ctx, papers.FinishUpload, &attachmentv1.FinishUploadRequest{AttachmentId: start.GetAttachmentId(), Sha256: sum[:]}).GetAttachment()
}

// download reads an attachment through a subject.
func download(ctx context.Context, papers attachmentv1.AttachmentServiceClient, id, subject string) ([]byte, error) {
	stream, err := papers.Download(ctx, &attachmentv1.DownloadRequest{AttachmentId: id, Subject: subject})
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		content.Write(part.GetData())
	}
}

// peak is the most memory that a process held, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// The largest attachment is uploaded over a connection that is cut again and again, resumes, and is
// downloaded unchanged, with separate processes. Repeated uploads do not increase the gateway's
// memory beyond that of the first.
func TestPapersOverACutLine(t *testing.T) {
	t.Parallel()
	c := newGround(t, "fsync=off").cluster(t, 1, nil)
	conn := dialStubborn(t, c.gateways[0].address)
	kela, county := as(t, conn, kelaParty, "kela-17", "benefit_handler"), as(t, conn, countyParty, "ps-21", "social_worker")
	line := cut(t, c.gateways[0].address, func() int64 { return 12<<20 + rand.Int64N(15<<20) })
	papers := attachmentv1.NewAttachmentServiceClient(dialStubborn(t, trimScheme(line.address)))
	content := invoice(attachment.MaxBytes)
	concerns := concernv1.NewConcernServiceClient(conn)
	var first int64
	for round := range 2 {
		found := upload(t, kela, papers, content)
		sum := sha256.Sum256(content)
		if !bytes.Equal(found.GetSha256(), sum[:]) || found.GetSizeBytes() != attachment.MaxBytes || found.GetMediaType() != "application/pdf" {
			t.Fatalf("%v", found)
		}
		r := submission()
		r.AttachmentIds = []string{found.GetAttachmentId()}
		id := insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId()
		got, err := download(county, attachmentv1.NewAttachmentServiceClient(conn), found.GetAttachmentId(), "concerns/"+id)
		if err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes came down: %v", len(got), err)
		}
		now := peak(t, c.gateways[0].command.Process.Pid)
		t.Logf("round %d: %d cuts, the gateway's peak is %d MB", round, line.cuts.Load(), now>>20)
		if round == 0 {
			first = now
		} else if now > first+attachment.MaxBytes/2 {
			t.Errorf("the gateway grew from %d to %d MB", first>>20, now>>20)
		}
	}
	if line.cuts.Load() == 0 {
		t.Error("no line was cut")
	}
	c.fsck()
}

// A reader can read an attachment through a subject that names it if it may read that subject, and
// nobody else can. Both sides can send attachments.
func TestWhoReadsPapers(t *testing.T) {
	b := newBench(t)
	conn := b.grpc()
	papers, concerns := attachmentv1.NewAttachmentServiceClient(conn), concernv1.NewConcernServiceClient(conn)
	kela, county, nurse := b.asWorker("kela"), b.asWorker("county"), b.asWorker("nurse")
	content := invoice(3<<20 + 17)
	paper := upload(t, kela, papers, content).GetAttachmentId()
	r := submission()
	r.Client = &commonv1.Client{Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}}
	r.AttachmentIds = []string{paper}
	concern := insist(t, kela, concerns.SubmitConcern, r).GetConcern()
	subject := "concerns/" + concern.GetConcernId()
	reads := func(name string, ctx context.Context, id, subject string, may bool) {
		t.Helper()
		got, err := download(ctx, papers, id, subject)
		switch {
		case may && (err != nil || !bytes.Equal(got, content)):
			t.Errorf("%s reads %d bytes: %v", name, len(got), err)
		case !may && fault.ReasonOf(err) != fault.NotFound:
			t.Errorf("%s: %v", name, err)
		}
	}
	reads("the receiver", county, paper, subject, true)
	reads("the sender", kela, paper, subject, true)
	reads("the client", b.asWorker("client"), paper, subject, true)
	reads("a stranger", nurse, paper, subject, false)
	reads("an operator", b.asWorker("operator"), paper, subject, false)
	reads("guessed", county, uuid.NewString(), subject, false)
	other := submission()
	other.Client = r.GetClient()
	reads("another subject", kela, paper, "concerns/"+insist(t, kela, concerns.SubmitConcern, other).GetConcern().GetConcernId(), false)

	// The answer brings a paper back, with the client's consent.
	answer := upload(t, county, papers, content).GetAttachmentId()
	insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId()})
	closed := insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{
		RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Outcome: concernv1.Outcome_OUTCOME_GUIDED, AttachmentIds: []string{answer},
	}).GetConcern()
	if len(closed.GetOutcomeAttachments()) != 1 {
		t.Errorf("%v", closed)
	}
	reads("the reporter", kela, answer, subject, true)
	reads("the client, of what officials write each other", b.asWorker("client"), answer, subject, false)

	// A redirected referral passes its papers on.
	referrals := referralv1.NewReferralServiceClient(conn)
	sent := insist(t, county, referrals.SendReferral, &referralv1.SendReferralRequest{
		RequestId: uuid.NewString(), Client: r.GetClient(), Receiver: kelaParty, Basis: consented(), Kind: referralv1.ReferralKind_REFERRAL_KIND_SERVICE,
		Reason: "Arvio.", Urgency: commonv1.Urgency_URGENCY_NORMAL, AttachmentIds: []string{answer},
	}).GetReferral()
	redirected := insist(t, kela, referrals.RedirectReferral, &referralv1.RedirectReferralRequest{
		RequestId: uuid.NewString(), ReferralId: sent.GetReferralId(), Receiver: healthParty, Basis: consented(), Explanation: "Kuuluu terveydenhuoltoon.",
	})
	reads("the third agency", nurse, answer, "referrals/"+redirected.GetRedirectedReferralId(), true)

	insist(t, kela, concerns.RevokeConcern, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern.GetConcernId(), Reason: "Väärä henkilö."})
	reads("after it was entered in error, the receiver", county, paper, subject, false)
}

// Invalid uploads, and attempts to name an attachment without the right to, are refused, each with
// its own reason, and nothing changes.
func TestPapersRefused(t *testing.T) {
	b := newBench(t)
	papers := attachmentv1.NewAttachmentServiceClient(b.grpc())
	kela, county := b.asWorker("kela"), b.asWorker("county")
	content := invoice(1<<20 + 5)
	start := func(ctx context.Context, change func(*attachmentv1.StartUploadRequest)) (*attachmentv1.StartUploadResponse, error) {
		r := &attachmentv1.StartUploadRequest{RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content))}
		change(r)
		return papers.StartUpload(ctx, r)
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
		"a client":         {b.asWorker("client"), nothing, fault.RoleNotAllowed},
		"an operator":      {b.asWorker("operator"), nothing, fault.RoleNotAllowed},
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
		_, err := papers.UploadChunk(ctx, &attachmentv1.UploadChunkRequest{AttachmentId: first.GetAttachmentId(), Offset: offset, Data: data})
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
		_, err := papers.FinishUpload(ctx, &attachmentv1.FinishUploadRequest{AttachmentId: first.GetAttachmentId(), Sha256: sum[:]})
		return err
	}
	refused("finished too early", finish(kela, sha256.Sum256(content)), fault.WrongOffset)
	named := func(who, id string, changes map[string]any) error {
		all := map[string]any{"attachmentIds": []string{id}}
		for field, value := range changes {
			all[field] = value
		}
		_, err := b.call(b.tokens[who], submitCall, report(all))
		return err
	}
	b.refused("unfinished", named("kela", first.GetAttachmentId(), nil), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	if err := chunk(kela, 1<<20, content[1<<20:]); err != nil {
		t.Fatal(err)
	}
	refused("a stranger finishes", finish(county, sha256.Sum256(content)), fault.NotFound)
	refused("another digest", finish(kela, sha256.Sum256(content[1:])), fault.UploadDiffers)
	refused("what was refused is gone", finish(kela, sha256.Sum256(content)), fault.NotFound)

	paper := upload(t, kela, papers, content).GetAttachmentId()
	health := map[string]any{"receiver": map[string]any{"agency": "terveys-pohjois-savo"}}
	b.refused("a stranger's id", named("county", paper, health), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	b.refused("no such id", named("kela", uuid.NewString(), nil), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	b.refused("a message that is refused", named("kela", paper, map[string]any{"client": map[string]any{"personalIdentityCode": "020516C903K"}, "topics": nil}), "invalid_argument", "TOPIC_REQUIRED")
	if err := named("kela", paper, nil); err != nil {
		t.Fatalf("what was refused has bound the paper: %v", err)
	}
	b.refused("another client", named("kela", paper, map[string]any{"client": map[string]any{"personalIdentityCode": "020516C903K"}}), "invalid_argument", "ATTACHMENT_UNAVAILABLE")
	ask := body(goodQuestion(), map[string]any{"attachmentIds": []string{paper}, "addressee": map[string]any{"agency": "hva-pohjois-savo"}})
	_, err = b.call(b.tokens["kela"], consultationSvc+"OpenConsultation", ask)
	b.refused("an anonymous question", err, "invalid_argument", "CONTENT_NOT_ALLOWED")
}

// An attachment whose content differs from its declared type, or in which the scanner finds
// something, is refused and removed. If the scanner does not answer, the upload is not completed.
func TestPapersAreJudged(t *testing.T) {
	scanner := newScanner(t)
	b := newBenchOf(t, allinone.Config{Scanner: scanner.address})
	papers, kela := attachmentv1.NewAttachmentServiceClient(b.grpc()), b.asWorker("kela")
	send := func(content []byte) error {
		start, err := papers.StartUpload(kela, &attachmentv1.StartUploadRequest{
			RequestId: uuid.NewString(), Filename: "lasku.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := papers.UploadChunk(kela, &attachmentv1.UploadChunkRequest{AttachmentId: start.GetAttachmentId(), Data: content}); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		_, err = papers.FinishUpload(kela, &attachmentv1.FinishUploadRequest{AttachmentId: start.GetAttachmentId(), Sha256: sum[:]})
		return err
	}
	if err := send([]byte("\x7fELF\x02\x01\x01")); fault.ReasonOf(err) != fault.MediaTypeNotAllowed {
		t.Error(err)
	}
	if err := send(invoice(1000)); err != nil {
		t.Error(err)
	}
	if err := send(append(invoice(1000), infected...)); fault.ReasonOf(err) != fault.MalwareFound {
		t.Error(err)
	}
	scanner.close()
	if err := send(invoice(1001)); fault.ReasonOf(err) != fault.Unavailable {
		t.Error(err)
	}
}
