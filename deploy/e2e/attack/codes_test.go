package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/leaktest"
	"koppi.internal/deploy/testkit/telemetrytest"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	"koppi.internal/proto/texts"
)

// strewn is a code that no other test has, in its parts: nobody's, of a real form.
var strewn = []string{"121205", "A", "945", "6"}

// separators are what people and programs put between the parts of a code.
var separators = []string{
	"", " ", "\t", "\n", "\r\n", "\u00a0", "\u2007", "\u2009", "\u202f", "\u3000", "\u2028", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u0301", "\ufe0f", "\u3164",
	"-", "–", "—", "−", ".", "·", ",", ":", ";", "/", "|", "_", "*", "'", "(", "•", "\\", " - ", "=", "+", "~",
}

// disguises are the code with each separator between its parts, between all its characters,
// in full width, in small letters, and in the middle of words.
func disguises() (all []string) {
	whole := strings.Join(strewn, "")
	for _, separator := range separators {
		all = append(all, strings.Join(strewn, separator), strings.Join(strings.Split(whole, ""), separator))
	}
	full := strings.Map(func(r rune) rune { return r - '!' + '\uff01' }, whole)
	return append(all, full, strings.ToLower(whole), "hetu:"+whole, "x"+whole+" ", " "+whole)
}

// textFields are the ways to all fields of text in a request, at any depth.
func textFields(message protoreflect.MessageDescriptor, way []protoreflect.FieldDescriptor) (all [][]protoreflect.FieldDescriptor) {
	fields := message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		next := append(slices.Clone(way), field)
		switch {
		case field.Kind() == protoreflect.StringKind && texts.ClassOf(field) != commonv1.TextClass_TEXT_CLASS_IDENTITY_CODE:
			all = append(all, next)
		case field.Message() != nil && !field.IsMap() && strings.HasPrefix(string(field.Message().FullName()), "koppi.") && len(next) < 6:
			all = append(all, textFields(field.Message(), next)...)
		}
	}
	return all
}

// put sets the text at the end of a way.
func put(message protoreflect.Message, way []protoreflect.FieldDescriptor, text string) {
	field := way[0]
	switch {
	case len(way) > 1 && field.IsList():
		list := message.Mutable(field).List()
		if list.Len() == 0 {
			list.Append(list.NewElement())
		}
		put(list.Get(0).Message(), way[1:], text)
	case len(way) > 1:
		put(message.Mutable(field).Message(), way[1:], text)
	case field.IsList():
		list := message.Mutable(field).List()
		list.Truncate(0)
		list.Append(protoreflect.ValueOfString(text))
	default:
		message.Set(field, protoreflect.ValueOfString(text))
	}
}

// wordOf is how a way ends in the path of a refusal.
func wordOf(way []protoreflect.FieldDescriptor) string { return string(way[len(way)-1].Name()) }

// calledWith is how a call ends whose request holds a text.
func calledWith(ctx context.Context, conn grpc.ClientConnInterface, path string, in proto.Message, out protoreflect.MessageType) error {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, path)
	if err != nil {
		return err
	}
	_ = stream.SendMsg(in)
	_ = stream.CloseSend()
	for {
		if err := stream.RecvMsg(out.New().Interface()); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// names tells whether a refusal names a field.
func names(err error, field string) bool {
	for _, detail := range status.Convert(err).Details() {
		bad, _ := detail.(*errdetails.BadRequest)
		for _, one := range bad.GetFieldViolations() {
			if strings.Contains(one.GetField(), field) {
				return true
			}
		}
	}
	return false
}

// No field of any request accepts an identity code except the one made for it. However the code is
// disguised, the request is refused with the field named, and no part of the code appears in
// storage, logs, traces or metrics. With SOAK_FIELDS every disguise is tried in every field.
func TestCodesGoNowhere(t *testing.T) {
	c, data := telemetrytest.Start(t), t.TempDir()
	measured := testkit.FreeAddress(t)
	d := clustertest.NewProcess(t, clustertest.KoppiCommand, append([]string{"up", "--dev", "--data", data, "--otlp", c.Address, "--metrics", measured}, clustertest.Unlimited()...)...)
	d.Start()
	conn := testkit.Must(grpc.NewClient(d.Address, leaktest.DialOption(), grpc.WithTransportCredentials(insecure.NewCredentials())))
	t.Cleanup(func() { _ = conn.Close() })
	as := func(r *devv1.IssueTokenRequest, more ...string) context.Context {
		token := testkit.IssueToken(t, conn, r)
		return metadata.AppendToOutgoingContext(t.Context(), append([]string{"authorization", "Bearer " + token}, more...)...)
	}
	worker := as(&devv1.IssueTokenRequest{Agency: "kela", Unit: "toimeentulotuki", Worker: "kela-17", Role: "benefit_handler"})
	system := as(&devv1.IssueTokenRequest{Agency: "kela", Role: "system"})
	person := as(&devv1.IssueTokenRequest{Role: "client", PersonalIdentityCode: "010594Y9032"})
	all, calls, fields := disguises(), 0, 0
	for _, service := range allinone.Served() {
		methods := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			method := methods.Get(i)
			in, out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())), testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName()))
			for _, way := range textFields(method.Input(), nil) {
				fields++
				for at := range all {
					if os.Getenv("SOAK_FIELDS") == "" && at != fields%len(all) && at != 2*fields%len(all) {
						continue
					}
					calls++
					message := testkit.Form{}.Request(in.New())
					put(message.ProtoReflect(), way, all[at])
					who := []context.Context{worker, person}[calls%2]
					if strings.Contains(service, ".exchange.") {
						who = system
					}
					err := calledWith(who, conn, fmt.Sprintf("/%s/%s", service, method.Name()), message, out)
					if reason := fault.ReasonOf(err); reason != fault.ContentNotAllowed && reason != fault.InvalidField || !names(err, wordOf(way)) {
						t.Errorf("%s with %q in %s: %v %v", method.FullName(), all[at], wordOf(way), err, status.Convert(err).Details())
					}
				}
			}
		}
	}
	calls += sentWith(t, system, conn, all)
	for _, text := range all {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			continue
		}
		named := metadata.AppendToOutgoingContext(system, "koppi-on-behalf-of", text+";toimeentulotuki;benefit_handler")
		out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName("koppi.casework.v1.GetAgenciesResponse"))
		in := testkit.Must(protoregistry.GlobalTypes.FindMessageByName("koppi.casework.v1.GetAgenciesRequest"))
		if err := calledWith(named, conn, "/koppi.casework.v1.CaseworkService/GetAgencies", in.New().Interface(), out); fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("on behalf of %q: %v", text, err)
		}
	}
	t.Logf("%d fields, %d calls", fields, calls)
	if fields < 500 {
		t.Errorf("only %d fields were tried", fields)
	}
	response := testkit.Must(http.Get("http://" + measured + "/metrics"))
	metrics := testkit.Must(io.ReadAll(response.Body))
	_ = response.Body.Close()
	d.End(syscall.SIGTERM)
	received := c.Received()
	for where, text := range map[string][]byte{"metrics": metrics, "log": d.Log.Bytes(), "telemetry": received.Raw} {
		nothingOf(t, where, text)
	}
	_ = filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			nothingOf(t, path, testkit.Must(os.ReadFile(path)))
		}
		return err
	})
}

// sentWith sends every request of all services on a stream, with the code in one field
// after another, and returns how many it sent.
func sentWith(t *testing.T, ctx context.Context, conn grpc.ClientConnInterface, all []string) (sent int) {
	t.Helper()
	stream := testkit.Must(exchangev1.NewExchangeServiceClient(conn).Exchange(ctx))
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: &exchangev1.ExchangeRequest_Open{Consumer: "codes"}}}); err != nil {
		t.Fatal(err)
	}
	for _, service := range allinone.Served() {
		if !slices.Contains(suite.Names(), strings.Split(service, ".")[1]) {
			continue
		}
		methods := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			if methods.Get(i).IsStreamingServer() {
				continue
			}
			for _, way := range textFields(methods.Get(i).Input(), nil) {
				if wordOf(way) == "request_id" {
					continue
				}
				sent++
				message := testkit.Form{}.Request(testkit.Must(protoregistry.GlobalTypes.FindMessageByName(methods.Get(i).Input().FullName())).New())
				id := uuid.NewString()
				if field := message.ProtoReflect().Descriptor().Fields().ByName("request_id"); field != nil {
					message.ProtoReflect().Set(field, protoreflect.ValueOfString(id))
				}
				put(message.ProtoReflect(), way, all[sent%len(all)])
				err := receiptOf(stream, &exchangev1.ExchangeRequest_Send{RequestId: id, Request: testkit.Must(anypb.New(message))})
				if reason := fault.ReasonOf(err); reason != fault.ContentNotAllowed && reason != fault.InvalidField || !names(err, wordOf(way)) {
					t.Errorf("%s sent with %q in %s: %v", methods.Get(i).FullName(), all[sent%len(all)], wordOf(way), err)
				}
			}
		}
	}
	_ = stream.CloseSend()
	return sent
}

// receiptOf is how what is sent on a stream is answered.
func receiptOf(stream exchangev1.ExchangeService_ExchangeClient, send *exchangev1.ExchangeRequest_Send) error {
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Send_{Send: send}}); err != nil {
		return err
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if receipt := answer.GetReceipt(); receipt.GetRequestId() == send.GetRequestId() {
			return status.FromProto(receipt.GetError()).Err()
		}
	}
}

// nothingOf fails where a text holds the code in any form.
func nothingOf(t *testing.T, where string, text []byte) {
	t.Helper()
	if len(text) == 0 && !strings.Contains(where, "lock") && !strings.HasSuffix(where, "-wal") {
		t.Logf("%s is empty", where)
	}
	if bytes.Contains(squeezed(text), []byte(strings.Join(strewn, ""))) {
		t.Errorf("%s holds the code", where)
	}
}

// squeezed is a text's letters and digits alone, in one form.
func squeezed(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, norm.NFKD.Bytes(text))
}

func TestSqueezed(t *testing.T) {
	for _, text := range disguises() {
		if !bytes.Contains(squeezed([]byte("x "+text+"\x00\xff")), []byte(strings.Join(strewn, ""))) {
			t.Errorf("the search does not see %q", text)
		}
	}
}
