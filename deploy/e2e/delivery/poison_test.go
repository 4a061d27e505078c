package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/partner"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// longest is a text as long as a message's may be: 10,000 characters of four bytes.
var longest = strings.Repeat("😀", 10_000)

// systemOfKela is a context in which Kela's system calls.
func systemOfKela(t *testing.T, conn grpc.ClientConnInterface) context.Context {
	t.Helper()
	return testkit.As(t, conn, testkit.Kela, "", "system")
}

// emergency asks Kela something that cannot wait, and returns its subject.
func emergency(t *testing.T, asker context.Context, consultations consultationv1.ConsultationServiceClient) string {
	t.Helper()
	r := testkit.Question()
	r.Addressee, r.Urgency = &commonv1.Party{Agency: "kela", Unit: "toimeentulotuki"}, commonv1.Urgency_URGENCY_EMERGENCY
	return "consultations/" + testkit.Insist(t, asker, consultations.OpenConsultation, r).GetConsultation().GetConsultationId()
}

// reached tells whether a system that polls, with pages of a size, comes to a message
// about a subject.
func reached(ctx context.Context, mailbox exchangev1.ExchangeServiceClient, size int32, records bool, subject string) error {
	cursor := ""
	for {
		page, err := mailbox.ListMessages(ctx, &exchangev1.ListMessagesRequest{PageSize: size, WithRecords: records, Cursor: cursor, Consumer: "polls"})
		if err != nil {
			return err
		}
		for _, message := range page.GetMessages() {
			if message.GetSubject() == subject {
				return nil
			}
		}
		if len(page.GetMessages()) == 0 {
			return errors.New("the mailbox ends before it")
		}
		cursor = page.GetNextCursor()
	}
}

// delivered tells whether a standing connection comes to a message about a subject.
func delivered(ctx context.Context, mailbox exchangev1.ExchangeServiceClient, subject string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	stream, err := mailbox.Exchange(ctx)
	if err != nil {
		return err
	}
	open := &exchangev1.ExchangeRequest_Open{Consumer: "stands", Window: 10_000, WithRecords: true}
	if err := stream.Send(&exchangev1.ExchangeRequest{Kind: &exchangev1.ExchangeRequest_Open_{Open: open}}); err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		if response.GetDelivery().GetMessage().GetSubject() == subject {
			return nil
		}
	}
}

// flows holds Kela's mailbox to this: whatever lies before it, a message is reached by
// every reader.
func flows(t *testing.T, conn grpc.ClientConnInterface, system context.Context, subject string) {
	t.Helper()
	mailbox := exchangev1.NewExchangeServiceClient(conn)
	for _, size := range []int32{0, 1, 10, 1000} {
		for _, records := range []bool{false, true} {
			if err := reached(system, mailbox, size, records, subject); err != nil {
				t.Errorf("pages of %d, with records %t: %v", size, records, err)
			}
		}
	}
	if err := delivered(system, mailbox, subject); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the standing connection: %v", err)
	}
}

// A conversation is filled until no more is accepted, and then an agency is invited. Each refusal
// says what to do and changes nothing, each answer can be read, the matter can still be ended, and
// an emergency that follows it is delivered.
func TestAFullMatterJamsNothing(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	fillsAndFlows(t, f.Conn())
}

// The same holds with each service in a process of its own.
func TestLongAFullMatterJamsNothingApart(t *testing.T) {
	t.Parallel()
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	fillsAndFlows(t, testkit.Dial(t, c.Gateways[0].Address))
	c.Fsck()
}

func fillsAndFlows(t *testing.T, conn grpc.ClientConnInterface) {
	t.Helper()
	consultations := consultationv1.NewConsultationServiceClient(conn)
	county, nurse := testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), testkit.As(t, conn, testkit.Health, "tk-02", "health_professional")
	id := testkit.Insist(t, county, consultations.OpenConsultation, testkit.Question()).GetConsultation().GetConsultationId()
	testkit.Insist(t, nurse, consultations.TakeConsultation, &consultationv1.TakeConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	invite := func(agency string) error {
		_, err := consultations.InviteParticipant(county, &consultationv1.InviteParticipantRequest{
			RequestId: uuid.NewString(), ConsultationId: id, Participant: &commonv1.Party{Agency: agency},
			Basis: &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA, Provision: "703/2023 § 31"},
		})
		return err
	}
	const posts = 215
	full, posted := error(nil), 1 // the question
	for posted < posts {
		if posted == 5 {
			if err := invite("kela"); err != nil {
				t.Fatalf("an invitation before it is full: %v", err)
			}
		}
		if _, full = consultations.PostMessage(county, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: id, Text: longest}); full != nil {
			break
		}
		posted++
	}
	if fault.ReasonOf(full) != fault.MatterFull || !strings.Contains(full.Error(), "go on in a new one") {
		t.Errorf("after %d posts: %v, want a refusal that says what to do", posted, full)
	}
	got := testkit.Insist(t, nurse, consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation()
	if len(got.GetMessages()) != posted {
		t.Errorf("%d messages are read, and %d were taken", len(got.GetMessages()), posted)
	}
	post := func(who context.Context, words string) error {
		_, err := consultations.PostMessage(who, &consultationv1.PostMessageRequest{RequestId: uuid.NewString(), ConsultationId: id, Text: words})
		return err
	}
	for err := error(nil); err == nil; err = post(county, longest[:4*1000]) {
	}
	for err := error(nil); err == nil; err = post(county, "x") {
	}
	got = testkit.Insist(t, nurse, consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation()
	if err := invite("etsiva-kuopio"); fault.ReasonOf(err) != fault.MatterFull {
		t.Errorf("a full matter is passed on: %v", err)
	}
	after := testkit.Insist(t, nurse, consultations.GetConsultation, &consultationv1.GetConsultationRequest{ConsultationId: id}).GetConsultation()
	if !proto.Equal(got, after) {
		t.Error("what was refused has changed the matter")
	}
	subject := emergency(t, county, consultations)
	flows(t, conn, systemOfKela(t, conn), subject)
	closed := testkit.Insist(t, county, consultations.CloseConsultation, &consultationv1.CloseConsultationRequest{RequestId: uuid.NewString(), ConsultationId: id})
	if closed.GetConsultation().GetState() != consultationv1.ConsultationState_CONSULTATION_STATE_CLOSED {
		t.Errorf("closed as %s", closed.GetConsultation().GetState())
	}
}

// A mailbox message that is larger than the later limit, or is damaged, is delivered as a tombstone
// that says so. An emergency that follows it is delivered, by every way of reading.
func TestPoisonOfBeforeIsPassed(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	county, system := testkit.As(t, conn, testkit.County, "ps-21", "social_worker"), systemOfKela(t, conn)
	snapshot := &consultationv1.ParticipantInvited{Snapshot: &consultationv1.ConsultationSnapshot{Consultation: &consultationv1.Consultation{}}}
	for range 215 {
		known := snapshot.GetSnapshot().GetConsultation()
		known.Messages = append(known.GetMessages(), &consultationv1.ConsultationMessage{Text: longest})
	}
	rules := map[string]string{}
	for name, poison := range map[string]struct {
		event *anypb.Any
		rule  string
	}{
		"a snapshot of 8 MiB":  {testkit.Must(anypb.New(snapshot)), mailbox.RuleTooLarge},
		"of an unknown type":   {&anypb.Any{TypeUrl: "type.googleapis.com/koppi.consultation.v9.Unheard", Value: []byte("x")}, mailbox.RuleUnreadable},
		"that cannot be read":  {&anypb.Any{TypeUrl: "type.googleapis.com/koppi.consultation.v1.MessagePosted", Value: []byte{0xff}}, mailbox.RuleUnreadable},
		"of a time that never": {testkit.Must(anypb.New(&consultationv1.ConsultationOverdue{DueAt: &timestamppb.Timestamp{Seconds: 1 << 60}})), mailbox.RuleUnreadable},
	} {
		subject := "consultations/" + testkit.Must(uuid.NewV7()).String()
		rules[subject] = poison.rule
		message := &exchangev1.CaseMessage{
			MessageId: testkit.Must(uuid.NewV7()).String(), Service: "consultation", Mailbox: "kela", Subject: subject, SubjectVersion: 1, Event: poison.event,
		}
		_, err := f.Koppi.Store("consultation").Append(t.Context(), journal.Batch{
			Expected:        map[string]uint64{subject: 0},
			Events:          []journal.Event{{Subject: subject, Version: 1, ID: message.GetMessageId(), Type: "koppi.consultation.v9.Unheard", At: time.Now(), Payload: []byte(name)}},
			Streams:         []journal.Stream{{Subject: subject, Service: "consultation", Version: 1}},
			WorklistEntries: []journal.WorklistEntry{{Subject: subject, Agency: "kela", Role: journal.RoleReceiver, State: 1, Phase: 1, WaitingOn: "kela", Version: 1, StartedAt: time.Now()}},
			Deliveries:      []journal.Delivery{{Agency: "kela", ID: message.GetMessageId(), Subject: subject, SubjectVersion: 1, Record: testkit.Must(proto.Marshal(message))}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	subject := emergency(t, county, consultationv1.NewConsultationServiceClient(conn))
	flows(t, conn, system, subject)
	for name, read := range map[string]func(cursor string) *exchangev1.ListMessagesResponse{
		"gRPC": func(cursor string) *exchangev1.ListMessagesResponse {
			return testkit.Insist(t, system, exchangev1.NewExchangeServiceClient(conn).ListMessages, &exchangev1.ListMessagesRequest{PageSize: 1000, WithRecords: true, Cursor: cursor})
		},
		"JSON": func(cursor string) *exchangev1.ListMessagesResponse {
			answer, err := f.Call(f.Tokens["system"], "koppi.exchange.v1.ExchangeService/ListMessages", fmt.Sprintf(`{"pageSize": 1000, "withRecords": true, "cursor": %q}`, cursor))
			listed := &exchangev1.ListMessagesResponse{}
			if err := errors.Join(err, protojson.Unmarshal(answer, listed)); err != nil {
				t.Fatal(err)
			}
			return listed
		},
	} {
		var messages []*exchangev1.CaseMessage
		for page := read(""); len(page.GetMessages()) > 0; page = read(page.GetNextCursor()) {
			messages = append(messages, page.GetMessages()...)
		}
		if len(messages) != len(rules)+1 {
			t.Fatalf("%s: %d messages", name, len(messages))
		}
		position := partner.Position{}
		for _, message := range messages[:len(rules)] {
			if len(message.GetWithheld()) != 1 || message.GetWithheld()[0].GetRule() != rules[message.GetSubject()] || message.GetEvent() != nil {
				t.Errorf("%v", message.GetWithheld())
			}
			var err error
			if position, err = position.Follow(message, ""); err != nil {
				t.Error(err)
			}
		}
	}
	// What cannot be read is missing in lists, and nothing else is.
	kela := f.As("kela")
	listed := testkit.Insist(t, kela, consultationv1.NewConsultationServiceClient(conn).ListConsultations, &consultationv1.ListConsultationsRequest{PageSize: 3})
	for listed.GetNextPageToken() != "" && len(listed.GetConsultations()) == 0 {
		listed = testkit.Insist(t, kela, consultationv1.NewConsultationServiceClient(conn).ListConsultations, &consultationv1.ListConsultationsRequest{PageSize: 3, PageToken: listed.GetNextPageToken()})
	}
	if len(listed.GetConsultations()) != 1 || "consultations/"+listed.GetConsultations()[0].GetConsultationId() != subject {
		t.Errorf("%v", listed)
	}
	work := testkit.Insist(t, kela, caseworkv1.NewCaseworkServiceClient(conn).ListWork, &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue_QUEUE_AGENCY}).GetItems()
	if len(work) != 1 || work[0].GetSubject() != subject {
		t.Errorf("%v", work)
	}
}

// Lists and timelines of matters that are nearly full come in pages that fit into an answer, each
// entry once, whatever page size is requested.
func TestPagesAreCutBySize(t *testing.T) {
	t.Parallel()
	f := testkit.NewFixture(t)
	conn := f.Conn()
	county := f.As("county")
	consultations, casework := consultationv1.NewConsultationServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	const many, each = 8, 7
	client := ""
	for range many {
		r := testkit.Question()
		r.Client, r.Basis = testkit.Anna(), testkit.Consented()
		opened := testkit.Insist(t, county, consultations.OpenConsultation, r).GetConsultation()
		client = opened.GetClientId()
		for range each {
			testkit.Insist(t, county, consultations.PostMessage, &consultationv1.PostMessageRequest{
				RequestId: uuid.NewString(), ConsultationId: opened.GetConsultationId(), Text: longest,
			})
		}
	}
	seen := map[string]bool{}
	pages := 0
	for token, more := "", true; more; pages++ {
		page := testkit.Insist(t, county, consultations.ListConsultations, &consultationv1.ListConsultationsRequest{Sent: true, PageSize: 1000, PageToken: token})
		if proto.Size(page) > matter.MaxAnswer+1024 || len(page.GetConsultations()) == 0 {
			t.Fatalf("a page of %d matters and %d bytes", len(page.GetConsultations()), proto.Size(page))
		}
		for _, one := range page.GetConsultations() {
			if seen[one.GetConsultationId()] {
				t.Errorf("%s comes twice", one.GetConsultationId())
			}
			seen[one.GetConsultationId()] = true
		}
		token, more = page.GetNextPageToken(), page.GetNextPageToken() != ""
	}
	if len(seen) != many || pages < 2 {
		t.Errorf("%d matters on %d pages", len(seen), pages)
	}
	listed, last := map[string]bool{}, (*exchangev1.CaseMessage)(nil)
	for token, more := "", true; more; {
		page := testkit.Insist(t, county, casework.GetTimeline, &caseworkv1.GetTimelineRequest{ClientId: client, Purpose: "työ", PageSize: 1000, PageToken: token})
		if proto.Size(page) > matter.MaxAnswer+256<<10 || len(page.GetMessages()) == 0 {
			t.Fatalf("a page of %d messages and %d bytes", len(page.GetMessages()), proto.Size(page))
		}
		for _, one := range page.GetMessages() {
			if listed[one.GetMessageId()] || last != nil && mailbox.ByTime(last, one) >= 0 {
				t.Errorf("%s comes twice, or too late", one.GetMessageId())
			}
			listed[one.GetMessageId()], last = true, one
		}
		token, more = page.GetNextPageToken(), page.GetNextPageToken() != ""
	}
	if len(listed) != many*(each+1) {
		t.Errorf("%d of %d messages are in the timeline", len(listed), many*(each+1))
	}
}
