package matters

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// kinds is one run of the tests of kinds of documents.
type kinds struct {
	*testing.T

	kela, county context.Context
	attachments  attachmentv1.AttachmentServiceClient
	concerns     concernv1.ConcernServiceClient
	casework     caseworkv1.CaseworkServiceClient
}

func newKinds(t *testing.T, conn grpc.ClientConnInterface, kela, county context.Context) kinds {
	return kinds{t, kela, county, attachmentv1.NewAttachmentServiceClient(conn), concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)}
}

// refused checks that a request was refused for one field.
func (k kinds) refused(err error, field string) {
	k.Helper()
	var fields []string
	for _, detail := range status.Convert(err).Details() {
		if request, ok := detail.(*errdetails.BadRequest); ok {
			for _, violation := range request.GetFieldViolations() {
				fields = append(fields, violation.GetField())
			}
		}
	}
	if fault.ReasonOf(err) != fault.InvalidField || !slices.Equal(fields, []string{field}) {
		k.Errorf("%v, want INVALID_FIELD on %s", err, field)
	}
}

// keys are those of the list of kinds, as a caller gets it.
func (k kinds) keys(caller context.Context) (keys []string) {
	k.Helper()
	for _, code := range testkit.Insist(k, caller, k.casework.GetCodes, &caseworkv1.GetCodesRequest{List: "papers"}).GetCodes() {
		keys = append(keys, code.GetKey())
		if code.GetList() != "papers" || code.GetNames()["fi"] == "" || code.GetNames()["sv"] == "" || code.GetNames()["en"] == "" {
			k.Errorf("%v", code)
		}
	}
	return keys
}

// upload uploads a document of a kind, with a given request_id.
func (k kinds) upload(request, kind string, content []byte) (*commonv1.Attachment, error) {
	k.Helper()
	start, err := k.attachments.StartUpload(k.kela, &attachmentv1.StartUploadRequest{
		RequestId: request, Filename: "liite.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)), PaperKind: kind,
	})
	if err != nil {
		return nil, err
	}
	testkit.Insist(k, k.kela, k.attachments.UploadChunk, &attachmentv1.UploadChunkRequest{AttachmentId: start.GetAttachmentId(), Data: content})
	sum := sha256.Sum256(content)
	finished := testkit.Insist(k, k.kela, k.attachments.FinishUpload, &attachmentv1.FinishUploadRequest{AttachmentId: start.GetAttachmentId(), Sha256: sum[:]})
	return finished.GetAttachment(), nil
}

// kept checks that a finished upload is of a kind, and that a report which names it brings the kind to its
// receiver, in the matter and in the download. It returns the check of what the receiver reads, to be made again.
func (k kinds) kept(uploaded *commonv1.Attachment, kind string) (again func()) {
	k.Helper()
	got := testkit.Insist(k, k.kela, k.attachments.GetUpload, &attachmentv1.GetUploadRequest{AttachmentId: uploaded.GetAttachmentId()}).GetAttachment()
	if uploaded.GetPaperKind() != kind || got.GetPaperKind() != kind {
		k.Errorf("finished as %q and read as %q, want %q", uploaded.GetPaperKind(), got.GetPaperKind(), kind)
	}
	report := testkit.Submission()
	report.AttachmentIds = []string{uploaded.GetAttachmentId()}
	id := testkit.Insist(k, k.kela, k.concerns.SubmitConcern, report).GetConcern().GetConcernId()
	again = func() {
		k.Helper()
		read := testkit.Insist(k, k.county, k.concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern().GetAttachments()
		if len(read) != 1 || read[0].GetPaperKind() != kind {
			k.Errorf("the receiver reads %v, want %q", read, kind)
		}
		stream := testkit.Must(k.attachments.Download(k.county, &attachmentv1.DownloadRequest{AttachmentId: uploaded.GetAttachmentId(), Subject: "concerns/" + id}))
		if first := testkit.Must(stream.Recv()).GetAttachment(); first.GetPaperKind() != kind {
			k.Errorf("the receiver downloads %v, want %q", first, kind)
		}
	}
	again()
	return again
}

// check goes through what every installation does with kinds of documents.
func (k kinds) check() {
	k.Helper()
	content := testkit.PDF(1000)
	_, err := k.upload(uuid.NewString(), "vuokra", content)
	k.refused(err, "paper_kind")
	request := uuid.NewString()
	lease := testkit.Must(k.upload(request, "lease", content))
	k.kept(lease, "lease")
	k.kept(testkit.Must(k.upload(uuid.NewString(), "", content)), "")
	for _, other := range []string{"", "invoice"} {
		if _, err := k.upload(request, other, content); fault.ReasonOf(err) != fault.RequestIDReused {
			k.Errorf("the request of a lease again, as %q: %v", other, err)
		}
	}
	start := testkit.Insist(k, k.kela, k.attachments.StartUpload, &attachmentv1.StartUploadRequest{
		RequestId: request, Filename: "liite.pdf", MediaType: "application/pdf", SizeBytes: int64(len(content)), PaperKind: "lease",
	})
	if start.GetAttachmentId() != lease.GetAttachmentId() {
		k.Error("the same request is another upload")
	}

	concern := testkit.Insist(k, k.kela, k.concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	testkit.Insist(k, k.county, k.concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern})
	ask := &concernv1.RequestInformationRequest{RequestId: uuid.NewString(), ConcernId: concern, Question: "Onko sopimus?", Papers: []string{"lease", "vuokra"}}
	_, err = k.concerns.RequestInformation(k.county, ask)
	k.refused(err, "papers[1]")
	ask.Papers = []string{"lease", "other"}
	testkit.Insist(k, k.county, k.concerns.RequestInformation, ask)
}

// builtIn are the keys of the built-in kinds, in their order.
func builtIn() (keys []string) {
	list, _ := testkit.Must(codelist.Parse(codelist.BuiltIn)).List(codelist.PaperKinds)
	for _, code := range list {
		keys = append(keys, code.Key)
	}
	return keys
}

// Every caller gets the list of kinds; a document keeps its kind through a report to the receiver's download. A
// kind that is gone from the file is refused from then on, and shown where it was recorded.
func TestKindsOfPapers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.json")
	if err := os.WriteFile(path, codelist.BuiltIn, 0o600); err != nil {
		t.Fatal(err)
	}
	file := testkit.Must(codelist.Open(path))
	file.CheckEvery(time.Millisecond)
	f := testkit.NewFixtureWith(t, allinone.Config{Codes: file})
	k := newKinds(t, f.Conn(), f.As("kela"), f.As("county"))
	for name := range f.Tokens {
		if keys := k.keys(f.As(name)); !slices.Equal(keys, builtIn()) {
			t.Errorf("%s gets %q", name, keys)
		}
		_, err := k.casework.GetCodes(f.As(name), &caseworkv1.GetCodesRequest{List: "paper"})
		k.refused(err, "list")
	}
	if _, err := k.casework.GetCodes(t.Context(), &caseworkv1.GetCodesRequest{List: "papers"}); fault.ReasonOf(err) != fault.TokenRequired {
		t.Errorf("without a token: %v", err)
	}
	k.check()

	before := k.kept(testkit.Must(k.upload(uuid.NewString(), "lease", testkit.PDF(1001))), "lease")
	var lists map[string][]map[string]any
	if err := json.Unmarshal(codelist.BuiltIn, &lists); err != nil {
		t.Fatal(err)
	}
	lists["papers"] = slices.DeleteFunc(lists["papers"], func(code map[string]any) bool { return code["key"] == "lease" })
	if err := os.WriteFile(path, testkit.Must(json.Marshal(lists)), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, func() bool { return !slices.Contains(k.keys(k.kela), "lease") })
	before()
	_, err := k.upload(uuid.NewString(), "lease", testkit.PDF(1002))
	k.refused(err, "paper_kind")
}

// As separate processes, on PostgreSQL, with a file: the gateway and each service have the same list.
func TestLongKindsOfPapersInSeparateProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "codes.json")
	var lists map[string][]any
	if err := json.Unmarshal(codelist.BuiltIn, &lists); err != nil {
		t.Fatal(err)
	}
	lists["papers"] = append(lists["papers"], map[string]any{"key": "benefit-card", "names": map[string]string{"fi": "etuuskortti", "sv": "förmånskort", "en": "benefit card"}})
	if err := os.WriteFile(path, testkit.Must(json.Marshal(lists)), 0o600); err != nil {
		t.Fatal(err)
	}
	e := clustertest.NewEnvironment(t, "fsync=off")
	e.GatewayFlags = append(e.GatewayFlags, "--codes", path)
	c := e.Start(t, 1, nil, "--codes", path)
	conn := testkit.Dial(t, c.Gateways[0].Address)
	k := newKinds(t, conn, testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker"))
	if keys := k.keys(k.county); !slices.Equal(keys, append(builtIn(), "benefit-card")) {
		t.Errorf("%q", keys)
	}
	k.check()
	k.kept(testkit.Must(k.upload(uuid.NewString(), "benefit-card", testkit.PDF(1001))), "benefit-card")
	concern := testkit.Insist(k, k.kela, k.concerns.SubmitConcern, testkit.Submission()).GetConcern().GetConcernId()
	testkit.Insist(k, k.county, k.concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: concern})
	testkit.Insist(k, k.county, k.concerns.RequestInformation, &concernv1.RequestInformationRequest{
		RequestId: uuid.NewString(), ConcernId: concern, Question: "Onko kortti?", Papers: []string{"benefit-card"},
	})
	c.Fsck()
}
