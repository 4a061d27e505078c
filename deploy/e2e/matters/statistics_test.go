package matters

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// An agency, its counterpart and an operator see statistics of whole months that match what
// happened; the statistics outlive the matters themselves.
func TestStatistics(t *testing.T) {
	began := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	f := testkit.NewFixtureWith(t, allinone.Config{Clock: began})
	conn := f.Conn()
	concerns, referrals, casework := concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn), caseworkv1.NewCaseworkServiceClient(conn)
	kela, county := f.As("kela"), f.As("county")
	advance := func(to time.Time) {
		t.Helper()
		if _, err := f.Call("", "koppi.dev.v1.DevService/AdvanceClock", fmt.Sprintf(`{"to":%q}`, to.UTC().Format(time.RFC3339))); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for range 21 {
		r := testkit.Submission()
		r.Basis.ConsentedAt = timestamppb.New(began.Add(-time.Hour))
		ids = append(ids, testkit.Insist(t, kela, concerns.SubmitConcern, r).GetConcern().GetConcernId())
	}
	advance(began.Add(2 * time.Hour))
	for _, id := range ids[:6] {
		testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
		for range 2 { // counted once a loop
			testkit.Insist(t, county, concerns.RecordContactAttempt, &concernv1.RecordContactAttemptRequest{
				RequestId: uuid.NewString(), ConcernId: id, Result: concernv1.ContactResult_CONTACT_RESULT_NO_SHOW,
			})
		}
		testkit.Insist(t, county, concerns.CloseConcern, &concernv1.CloseConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Outcome: concernv1.Outcome_OUTCOME_GUIDED})
	}
	for range 5 {
		r := &referralv1.SendReferralRequest{
			RequestId: uuid.NewString(), Client: testkit.Submission().GetClient(), Receiver: testkit.Kela, Kind: referralv1.ReferralKind_REFERRAL_KIND_DOCUMENTS,
			Reason: "Liitteet.", Urgency: commonv1.Urgency_URGENCY_NORMAL, Basis: testkit.Submission().GetBasis(),
		}
		r.Basis.ConsentedAt = timestamppb.New(began)
		id := testkit.Insist(t, county, referrals.SendReferral, r).GetReferral().GetReferralId()
		testkit.Insist(t, kela, referrals.CompleteReferral, &referralv1.CompleteReferralRequest{
			RequestId: uuid.NewString(), ReferralId: id, Outcome: referralv1.ReferralOutcome_REFERRAL_OUTCOME_ACKNOWLEDGED,
		})
	}
	_, february, err := matter.MonthSpan("2026-01")
	if err != nil {
		t.Fatal(err)
	}
	read := func(ctx context.Context, from, to string) (map[string]*caseworkv1.LoopCount, error) {
		response, err := casework.GetStatistics(ctx, &caseworkv1.GetStatisticsRequest{FromMonth: from, ToMonth: to})
		rows := map[string]*caseworkv1.LoopCount{}
		for _, row := range response.GetCounts() {
			rows[row.GetMonth()+" "+row.GetService()+" "+row.GetSender().GetAgency()] = row
		}
		return rows, err
	}
	advance(began.Add(10 * 24 * time.Hour)) // what nobody took is late
	advance(february.Add(30 * time.Minute))
	if _, err := read(county, "2026-01", "2026-01"); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("a month that ended this moment: %v", err)
	}
	advance(february.Add(time.Hour))

	received := testkit.Must(read(county, "2026-01", "2026-01"))
	row, referred := received["2026-01 concern kela"], received["2026-01 referral hva-pohjois-savo"]
	if len(received) != 3 || row.GetSent() != 20 || row.GetTaken() != 5 || row.GetClosed() != 5 || row.GetNoShows() != 5 || row.GetOverdue() != 15 ||
		row.GetMedianSecondsToTaken() != 7200 || row.GetReceiver().GetAgency() != "hva-pohjois-savo" {
		t.Errorf("%v", received)
	}
	if referred.GetSent() != 5 || referred.GetClosed() != 5 || referred.MedianSecondsToTaken == nil {
		t.Errorf("%v", referred)
	}
	// A worker at each end: 21 of reports, 6 of them taken, 5 papers.
	if doors := received["2026-01  "].GetDoorsPerClientTenths(); doors != 14 {
		t.Errorf("%d tenths of doors", doors)
	}
	sent := testkit.Must(read(kela, "2026-01", "2026-01"))["2026-01 concern kela"]
	if sent.GetSent() != 20 || sent.GetClosed() != 5 || sent.GetMedianSecondsToTaken() != 7200 || sent.GetNoShows() != 0 || sent.GetOverdue() != 0 {
		t.Errorf("a reporter is shown %v", sent)
	}
	if others := testkit.Must(read(f.As("nurse"), "2026-01", "2026-01")); len(others) != 1 || others["2026-01  "] == nil {
		t.Errorf("another agency is shown %v", others)
	}
	if all := testkit.Must(read(f.As("operator"), "2025-12", "2026-01")); len(all) != 3 || all["2026-01 concern kela"].GetNoShows() != 5 {
		t.Errorf("an operator is shown %v", all)
	}

	// What was shown stands, whatever happens later and whatever is erased.
	if err := f.Koppi.Store("concern").Erase(t.Context(), "concerns/"+ids[0]); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[6:10] {
		testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	}
	_, march, err := matter.MonthSpan("2026-02")
	if err != nil {
		t.Fatal(err)
	}
	advance(march.Add(time.Hour))
	both := testkit.Must(read(county, "2026-01", "2026-02"))
	if both["2026-01 concern kela"].GetTaken() != 5 || both["2026-02 concern kela"].GetTaken() != 5 || both["2026-02 concern kela"].GetMedianSecondsToTaken() < 14*24*3600 {
		t.Errorf("%v", both)
	}

	for name, one := range map[string]struct {
		err  error
		want fault.Reason
	}{
		"a client":    {testkit.Refusal(read(f.As("client"), "2026-01", "2026-01")), fault.RoleNotAllowed},
		"backwards":   {testkit.Refusal(read(county, "2026-02", "2026-01")), fault.InvalidField},
		"too long":    {testkit.Refusal(read(county, "2022-01", "2026-01")), fault.InvalidField},
		"not ended":   {testkit.Refusal(read(county, "2026-01", "2026-03")), fault.InvalidField},
		"not a month": {testkit.Refusal(read(county, "2026-13", "2026-13")), fault.InvalidField},
	} {
		if fault.ReasonOf(one.err) != one.want {
			t.Errorf("%s: %v", name, one.err)
		}
	}
}
