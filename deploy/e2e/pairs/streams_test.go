package pairs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/testkit"
)

// streams are the reader's standing connections, each read for as long as world B has
// something to say in it.
func (p *pairing) streams() []doing {
	k := p.knowledge()
	total := 0
	for _, one := range p.log {
		total += len(one.disclosed)
	}
	stream := func(who, call string, answers int, requests ...any) doing {
		return doing{Who: who, Call: call, GRPC: true, Body: map[string]any{"requests": requests, "answers": answers}}
	}
	sends := []any{map[string]any{"open": map[string]any{"consumer": "line" + uuid.NewString()[:8], "withRecords": true, "window": 1000}}}
	for _, subject := range append(slices.Clone(k.subjects), k.hidden...) {
		collection, id, _ := strings.Cut(subject, "/")
		service := strings.TrimSuffix(collection, "s")
		kind := fmt.Sprintf("type.googleapis.com/koppi.%s.v1.Get%s%sRequest", service, strings.ToUpper(service[:1]), service[1:])
		sends = append(sends, map[string]any{"send": map[string]any{"requestId": uuid.NewString(), "request": map[string]any{"@type": kind, service + "Id": id}}})
	}
	all := []doing{
		stream(".system", "koppi.exchange.v1.ExchangeService/Exchange", total+len(sends), sends...),
		stream(".1", "koppi.exchange.v1.ExchangeService/Watch", 1, map[string]any{}),
		stream(".1", "koppi.attachment.v1.AttachmentService/Download", 1, map[string]any{"attachmentId": uuid.NewString(), "subject": "concerns/" + uuid.NewString()}),
		stream(".1", testkit.ConsultationService+"Follow", 1, map[string]any{"consultationId": uuid.NewString()}),
	}
	for _, subject := range append(slices.Clone(k.subjects), k.hidden...) {
		id, is := strings.CutPrefix(subject, "consultations/")
		if !is {
			continue
		}
		posts := p.posts(id)
		all = append(all,
			stream(".1", testkit.ConsultationService+"Follow", posts, map[string]any{"consultationId": id}),
			stream(".1", testkit.ConsultationService+"Converse", posts, map[string]any{"join": map[string]any{"consultationId": id}}))
	}
	return append(all, stream(".1", testkit.ConsultationService+"Converse", 1, map[string]any{"join": map[string]any{"consultationId": uuid.NewString()}}))
}

// posts is how many messages the reader has been shown of a consultation.
func (p *pairing) posts(id string) int {
	who := p.reader + ".1"
	if p.ofClient() {
		who = p.reader
	}
	got := p.do(doing{Who: who, Call: testkit.ConsultationService + "GetConsultation", Body: map[string]any{"consultationId": id}})
	shown, _ := got.field("consultation").(map[string]any)
	posts, _ := shown["messages"].([]any)
	return max(len(posts), 1)
}

// callStream sends all requests and reads so many answers, or until the stream ends. Who is
// present, and heartbeats, come when they come: they are not counted.
func (w *world) callStream(token, call string, body map[string]any) answer {
	method := methodOf(call)
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(w.t.Context(), "authorization", "Bearer "+token), 20*time.Second)
	defer cancel()
	stream := testkit.Must(w.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: method.IsStreamingServer(), ClientStreams: method.IsStreamingClient()}, "/"+call))
	requests, _ := body["requests"].([]any)
	for _, one := range requests {
		in := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())).New().Interface()
		if err := protojson.Unmarshal([]byte(asJSON(one)), in); err != nil {
			w.t.Fatal(err)
		}
		_ = stream.SendMsg(in)
	}
	if !method.IsStreamingClient() {
		_ = stream.CloseSend()
	}
	got := answer{Status: "OK"}
	var said []any
	for want := testkit.Must(numberOf(fmt.Sprint(body["answers"]))); len(said) < want; {
		out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())).New().Interface()
		if err := stream.RecvMsg(out); err != nil {
			if !errors.Is(err, io.EOF) {
				from := status.Convert(err)
				got.Status = from.Code().String()
				said = append(said, asTree(testkit.Must(protojson.Marshal(from.Proto()))))
			}
			break
		}
		one := asTree(testkit.Must(protojson.Marshal(out)))
		if written := asJSON(one); strings.Contains(written, `"presence"`) || strings.Contains(written, `"heartbeat"`) && !strings.HasSuffix(call, "Watch") {
			continue
		}
		if fields, _ := one.(map[string]any); fields["delivery"] != nil {
			// It names all mailboxes read so far: how they come among each other is chance.
			delivery, _ := fields["delivery"].(map[string]any)
			delete(delivery, "cursor")
		}
		said = append(said, one)
	}
	slices.SortStableFunc(said, func(one, two any) int { return strings.Compare(placeOf(one), placeOf(two)) })
	got.Body = said
	return got
}

// placeOf is where an answer stands: messages of two services, and receipts among them, come
// when they come, and those of one service in order.
func placeOf(said any) string {
	fields, _ := said.(map[string]any)
	delivery, _ := fields["delivery"].(map[string]any)
	message, _ := delivery["message"].(map[string]any)
	receipt, _ := fields["receipt"].(map[string]any)
	switch {
	case delivery != nil:
		return fmt.Sprintf("1 %v %6v", message["service"], message["sequence"])
	case receipt != nil:
		return fmt.Sprintf("2 %v", receipt["requestId"])
	default:
		return "0"
	}
}
