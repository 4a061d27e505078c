package matters

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// officials are the words that workers of intake write for each other alone.
var officials = []string{"Kontaktisana", "Arviosana", "Lopetussana"}

// classified are fields and values by which a client is classified. An answer in JSON names them.
var classified = []string{"supportNeed", "fourField", "SUPPORT_NEED_", "SUPPORT_LEVEL_"}

// No reporter and no client finds an internal note, a need or a four-field: not in any answer, not in a
// mailbox as it lies in the journal's file, and no file holds a word in the clear.
func TestWordsOfIntakeStayWithTheReceiver(t *testing.T) {
	data, answers := t.TempDir(), map[string]string{}
	t.Run("answers", func(t *testing.T) {
		answers = answersOfIntake(t, testkit.NewFixtureWith(t, allinone.Config{Data: data}))
	})
	for _, word := range append(classified, officials...) {
		if !strings.Contains(answers["county"], word) {
			t.Errorf("not even the receiver reads %s", word)
		}
		for _, reader := range []string{"kela", "employment", "client"} {
			if strings.Contains(answers[reader], word) {
				t.Errorf("%s reads %s", reader, word)
			}
		}
	}
	for agency, records := range deliveries(t, data) {
		for _, word := range append(classified, officials...) {
			if own := agency == testkit.County.GetAgency(); strings.Contains(records, word) != own {
				t.Errorf("%s in the mailbox of %s: %v", word, agency, !own)
			}
		}
	}
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, word := range officials {
			if strings.Contains(string(content), word) {
				t.Errorf("%s stands in %s", word, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// answersOfIntake takes a concern with two reporters, of which one hears its progress, through intake to
// its end, and returns all that each reader can ask of it.
func answersOfIntake(t *testing.T, f *testkit.Fixture) map[string]string {
	t.Helper()
	conn := f.Conn()
	f.Tokens["employment"] = f.Token(scenario.CastParty{Agency: "tyollisyys-kuopio", Unit: "tyollisyys", Worker: "ty-09", Role: "employment_officer"})
	concerns, casework := concernv1.NewConcernServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	report := testkit.Submission()
	report.Client = testkit.Anna()
	first := testkit.Must(concerns.SubmitConcern(f.As("kela"), report)).GetConcern().GetConcernId()
	joins := testkit.Submission()
	joins.Client = testkit.Anna()
	second := testkit.Must(concerns.SubmitConcern(f.As("employment"), joins)).GetConcern().GetConcernId()

	county, need := f.As("county"), concernv1.SupportNeed_SUPPORT_NEED_SPECIAL
	low, high := concernv1.SupportLevel_SUPPORT_LEVEL_LOW, concernv1.SupportLevel_SUPPORT_LEVEL_HIGH
	field := &concernv1.FourField{Support: high, Difficulty: low}
	testkit.Insist(t, county, concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: first})
	testkit.Insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
		RequestId: uuid.NewString(), ConcernId: first, Result: concernv1.ContactResult_CONTACT_RESULT_REACHED, Note: officials[0],
	})
	testkit.Insist(t, county, concerns.TriageConcern, &concernv1.TriageConcernRequest{
		RequestId: uuid.NewString(), ConcernId: first, Urgency: commonv1.Urgency_URGENCY_NORMAL, SupportNeed: need, FourField: field, Reason: officials[1],
	})
	testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: first})
	testkit.Insist(t, county, concerns.ScheduleAppointment, &concernv1.ScheduleAppointmentRequest{
		RequestId: uuid.NewString(), ConcernId: first, At: timestamppb.New(time.Now().Add(time.Hour)), Place: "Sosiaalitoimisto",
	})
	testkit.Insist(t, county, concerns.StartAssessment, &concernv1.StartAssessmentRequest{RequestId: uuid.NewString(), ConcernId: first})
	testkit.Insist(t, county, concerns.CompleteAssessment, &concernv1.CompleteAssessmentRequest{
		RequestId: uuid.NewString(), ConcernId: first, SupportNeed: need, FourField: field,
	})
	testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{
		RequestId: uuid.NewString(), ConcernId: first, Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED, Note: officials[2],
	})

	answers := map[string]string{}
	for reader, reads := range map[string][]string{"kela": {first}, "employment": {second}, "county": {first, second}, "client": {first, second}} {
		ctx := f.As(reader)
		said := []proto.Message{testkit.Must(concerns.ListConcerns(ctx, &concernv1.ListConcernsRequest{}))}
		for _, id := range reads {
			concern := testkit.Must(concerns.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: id})).GetConcern()
			said = append(said, concern, testkit.Must(casework.GetTimeline(ctx, &caseworkv1.GetTimelineRequest{CaseId: concern.GetCaseId()})))
		}
		if reader == "client" {
			said = append(said, testkit.Must(casework.ListAccesses(ctx, &caseworkv1.ListAccessesRequest{})))
		} else {
			for _, queue := range []caseworkv1.Queue{caseworkv1.Queue_QUEUE_UNIT, caseworkv1.Queue_QUEUE_AGENCY} {
				said = append(said, testkit.Must(casework.ListWork(ctx, &caseworkv1.ListWorkRequest{Queue: queue})))
			}
		}
		for _, one := range said {
			answers[reader] += string(testkit.Must(protojson.Marshal(one)))
		}
	}
	return answers
}

// deliveries are the messages in each agency's mailbox, as the concern service's journal holds them at rest.
func deliveries(t *testing.T, data string) map[string]string {
	t.Helper()
	files := allinone.Paths(data, "concern")
	store := testkit.Must(sqlite.Open(context.Background(), sqlite.Config{
		Path: files.Journal, KeysPath: files.Keys, KEK: testkit.Must(seal.OpenKEK(files.KEK)),
	}))
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	found := map[string]string{}
	for delivery, err := range store.RawDeliveries(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		message := &exchangev1.CaseMessage{}
		if err := proto.Unmarshal(delivery.Record, message); err != nil {
			t.Fatal(err)
		}
		found[delivery.Agency] += string(testkit.Must(protojson.Marshal(message))) + string(delivery.Record)
	}
	if len(found) != 3 {
		t.Errorf("mailboxes of %d agencies", len(found))
	}
	return found
}
