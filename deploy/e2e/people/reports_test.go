package people

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/testkit"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// alone is a report without what differs between any two. Since when its state holds is left only for one that
// has been in that state from the beginning.
func alone(report *concernv1.Concern) *concernv1.Concern {
	report = proto.CloneOf(report)
	first := proto.Equal(report.GetSubmittedAt(), report.GetStatus().GetSince())
	report.ConcernId, report.MatterNumber, report.ClientId, report.CaseId, report.Etag = "", "", "", "", ""
	report.SubmittedAt, report.Status.Since, report.Status.DueAt, report.Basis, report.FeedbackConsentedAt = nil, nil, nil, nil, nil
	if first {
		report.Status.Since = &timestamppb.Timestamp{}
	}
	return report
}

// A report that joins one of another unit of the agency is shown as a report that joined nothing, also if
// the receiver has taken what it joins, and once it has. Whether the agency has an open report, the worker
// learns of units of its own branch of administration.
func TestReportBesideAnotherUnits(t *testing.T) {
	for name, before := range map[string]bool{"taken before": true, "taken after": false} {
		t.Run(name, func(t *testing.T) { besideAnother(t, before) })
	}
}

func besideAnother(t *testing.T, before bool) {
	w := open(t)
	nurse, county := w.As("nurse"), w.As("county")
	first := w.report(w.As("clinic"), testkit.County, testkit.Anna())
	take := func(one *concernv1.Concern) {
		testkit.Insist(t, county, w.concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: id(), ConcernId: one.GetConcernId()})
	}
	if before {
		take(first)
	}
	check := func(code string) *concernv1.CheckOpenConcernResponse {
		return testkit.Must(w.concerns.CheckOpenConcern(nurse, &concernv1.CheckOpenConcernRequest{
			Client: testkit.ClientOf(code), Receiver: testkit.County, Basis: testkit.Submission().GetBasis(),
		}))
	}
	if known := check(testkit.AnnaCode); !known.GetOpen() || known.GetStatus() == nil {
		t.Errorf("a report of a unit of the own kind: %v", known)
	}
	if unknown := check(bertta); unknown.GetOpen() {
		t.Errorf("no report: %v", unknown)
	}
	beside, fresh := w.report(nurse, testkit.County, testkit.Anna()), w.report(nurse, testkit.County, testkit.ClientOf(bertta))
	same := func(when string) {
		t.Helper()
		read := func(one *concernv1.Concern) *concernv1.Concern {
			return testkit.Must(w.concerns.GetConcern(nurse, &concernv1.GetConcernRequest{ConcernId: one.GetConcernId()})).GetConcern()
		}
		if a, b := alone(read(beside)), alone(read(fresh)); !proto.Equal(a, b) || a.GetJoinedConcernId() != "" {
			t.Errorf("%s, a report beside another unit's:\n%v\nand a fresh one:\n%v", when, a, b)
		}
	}
	if a, b := alone(beside), alone(fresh); !proto.Equal(a, b) {
		t.Errorf("answered: a report beside another unit's:\n%v\nand a fresh one:\n%v", a, b)
	}
	same("submitted")
	if !before {
		take(first)
		take(fresh)
		same("taken")
	}
	// A second report of the same unit joins the first that the unit may read.
	if own := w.report(nurse, testkit.County, testkit.Anna()); own.GetJoinedConcernId() != beside.GetConcernId() {
		t.Errorf("a second report of the unit joins %q and not %q", own.GetJoinedConcernId(), beside.GetConcernId())
	}
}
