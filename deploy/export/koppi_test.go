package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/pkg/fault"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// fakeKoppi answers as a gateway does, and fails as the tests say.
type fakeKoppi struct {
	exchangev1.UnimplementedExchangeServiceServer
	attachmentv1.UnimplementedAttachmentServiceServer
	caseworkv1.UnimplementedCaseworkServiceServer

	version   string
	mailboxes map[string][]*exchangev1.CaseMessage
	// contents are attachments by subject and id.
	contents map[string][]byte
	// fails makes every second call fail with this code.
	fails codes.Code
	calls atomic.Int64
	// downloaded counts the downloads that came to their end.
	downloaded atomic.Int64
	// onPage is called before each page.
	onPage func()
}

func newKoppi() *fakeKoppi {
	return &fakeKoppi{version: "1.0.0", mailboxes: map[string][]*exchangev1.CaseMessage{}, contents: map[string][]byte{}}
}

func (k *fakeKoppi) failing(ctx context.Context) error {
	if given := metadata.ValueFromIncomingContext(ctx, "authorization"); len(given) != 1 || given[0] != "Bearer token" {
		return status.Error(codes.Unauthenticated, "no token")
	}
	if k.fails != codes.OK && k.calls.Add(1)%2 == 1 {
		return status.Error(k.fails, "try again")
	}
	return nil
}

func (k *fakeKoppi) GetServerInfo(ctx context.Context, _ *caseworkv1.GetServerInfoRequest) (*caseworkv1.GetServerInfoResponse, error) {
	return &caseworkv1.GetServerInfoResponse{Version: k.version, Contract: "contract"}, k.failing(ctx)
}

func (k *fakeKoppi) ListMessages(ctx context.Context, r *exchangev1.ListMessagesRequest) (*exchangev1.ListMessagesResponse, error) {
	if k.onPage != nil {
		k.onPage()
	}
	if err := k.failing(ctx); err != nil {
		return nil, err
	}
	if r.GetPageSize() != pageSize || !r.GetWithRecords() || r.GetConsumer() == "" || r.GetTakeover() != 0 {
		return nil, status.Error(codes.InvalidArgument, r.String())
	}
	from, _ := strconv.Atoi(r.GetCursor())
	all := k.mailboxes[r.GetService()]
	to := min(from+2, len(all))
	return &exchangev1.ListMessagesResponse{Messages: all[from:to], NextCursor: strconv.Itoa(to), Backlog: uint64(len(all) - to)}, nil
}

func (k *fakeKoppi) Download(r *attachmentv1.DownloadRequest, stream grpc.ServerStreamingServer[attachmentv1.DownloadResponse]) error {
	content, known := k.contents[r.GetSubject()+" "+r.GetAttachmentId()]
	if !known {
		return status.Convert(fault.New(fault.NotFound, "there is no such attachment")).Err()
	}
	if err := stream.Send(&attachmentv1.DownloadResponse{Attachment: &commonv1.Attachment{AttachmentId: r.GetAttachmentId()}}); err != nil {
		return err
	}
	for len(content) > 0 {
		part := content[:min(len(content), max(10, len(content)/100))]
		if err := stream.Send(&attachmentv1.DownloadResponse{Data: part}); err != nil {
			return err
		}
		content = content[len(part):]
		// In the midst of the content, too.
		if err := k.failing(stream.Context()); err != nil {
			return err
		}
	}
	k.downloaded.Add(1)
	return nil
}

// append adds a message with an event to a mailbox of Kela's; without an event it is a tombstone.
func (k *fakeKoppi) append(service, subject string, event *anypb.Any) *exchangev1.CaseMessage {
	before, box := make([]byte, sha256.Size), k.mailboxes[service]
	if len(box) > 0 {
		before = box[len(box)-1].GetChainHash()
	}
	message := &exchangev1.CaseMessage{
		MessageId: uuid.NewString(), Service: service, Mailbox: "kela", Sequence: uint64(len(box) + 1), Subject: subject, Event: event,
	}
	record, err := proto.Marshal(message)
	if err != nil {
		panic(err)
	}
	nonce := sha256.Sum256([]byte(message.GetMessageId()))
	content := sha256.Sum256(append(bytes.Clone(nonce[:]), record...))
	if event == nil {
		message.Withheld = []*exchangev1.Withheld{{Field: "event", Rule: "erased", Erasure: exchangev1.Erasure_ERASURE_ERASED}}
	} else {
		message.Record, message.Nonce = record, nonce[:]
		message.Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	}
	chain := sha256.Sum256(append(bytes.Clone(before), content[:]...))
	message.ContentHash, message.ChainHash = content[:], chain[:]
	k.mailboxes[service] = append(box, message)
	return message
}

// named returns an event that names attachments.
func named(all ...*commonv1.Attachment) *anypb.Any {
	event, err := anypb.New(&concernv1.ConcernSubmitted{Description: "Kaksi vuokraa maksamatta.", Attachments: all})
	if err != nil {
		panic(err)
	}
	return event
}

func described(id string, content []byte) *commonv1.Attachment {
	sum := sha256.Sum256(content)
	return &commonv1.Attachment{AttachmentId: id, Filename: "lasku.txt", MediaType: "text/plain", SizeBytes: int64(len(content)), Sha256: sum[:], PaperKind: "invoice"}
}

// export exports to a folder, and returns what was logged too.
func (k *fakeKoppi) export(t *testing.T, ctx context.Context, target string) (Result, string, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	exchangev1.RegisterExchangeServiceServer(server, k)
	attachmentv1.RegisterAttachmentServiceServer(server, k)
	caseworkv1.RegisterCaseworkServiceServer(server, k)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var logged bytes.Buffer
	result, err := Run(ctx, Config{
		Conn: conn, Token: func(context.Context) (string, error) { return "token", nil }, Agency: "kela", Address: "https://koppi.test",
		Now: time.Now, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	}, target)
	return result, logged.String(), err
}

// nothingIn fails if anything is left beside a target.
func nothingIn(t *testing.T, folder string) {
	t.Helper()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func linesOf(t *testing.T, parts ...string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}
