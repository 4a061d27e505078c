package people

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// maxAbsence is the longest absence, in days.
const maxAbsence = 366

// runs reports whether a caller sets what concerns a unit: the agency's system, and who leads the unit.
func (s Staff) runs(who identity.Caller, unit string) bool {
	return who.Role == identity.RoleSystem || slices.Contains(s.Leads(who), unit)
}

// SignedIn returns the record of a worker who called, with what the token says of the worker; false if it
// says and counts what is stored already. A sign-in ends that the worker has left the unit.
func (s Staff) SignedIn(r *caseworkv1.NoteSignInRequest, now time.Time) (*caseworkv1.ColleagueRecord, bool) {
	unit, worker := r.GetParty().GetUnit(), r.GetParty().GetWorker()
	stored := s.records[place{unit, worker}]
	today := stored.GetLastSeenAt() != nil && DayOf(stored.GetLastSeenAt().AsTime()) == DayOf(now)
	if today && !stored.GetPut().GetLeft() && stored.GetSignedLeader() == r.GetLeader() &&
		(r.GetName() == "" || r.GetName() == stored.GetSignedName()) && (r.GetProfession() == "" || r.GetProfession() == stored.GetSignedProfession()) {
		return stored, false
	}
	next := &caseworkv1.ColleagueRecord{}
	if stored != nil {
		next = proto.CloneOf(stored)
	}
	next.Party = &commonv1.Party{Agency: s.Directory.Key, Unit: unit, Worker: worker}
	if r.GetName() != "" {
		next.SignedName = r.GetName()
	}
	if r.GetProfession() != "" {
		next.SignedProfession = r.GetProfession()
	}
	next.SignedLeader = r.GetLeader()
	if !today {
		next.LastSeenAt = timestamppb.New(now.Truncate(time.Minute))
	}
	if next.GetPut().GetLeft() {
		next.Put.Left = false
	}
	return next, true
}

// Put returns the record of a worker in a unit after PutColleague.
func (s Staff) Put(who identity.Caller, r *caseworkv1.PutColleagueRequest, now time.Time) (*caseworkv1.ColleagueRecord, error) {
	given := proto.CloneOf(r.GetColleague())
	unit, worker := given.GetParty().GetUnit(), given.GetParty().GetWorker()
	if !idcode.IsSubject(worker) || unit == "" {
		return nil, fault.New(fault.InvalidField, "a colleague is a worker in a unit").Field("colleague.party", "agency, unit and worker")
	}
	if role := identity.Role(given.GetProfession()); role != "" && !role.IsProfession() {
		return nil, fault.New(fault.InvalidField, "this is no profession").Field("colleague.profession", "a role such as social_worker")
	}
	for i, title := range given.GetTitles() {
		if slices.ContainsFunc(given.GetTitles()[:i], func(other *caseworkv1.Title) bool { return other.GetLanguage() == title.GetLanguage() }) {
			return nil, fault.New(fault.InvalidField, "a language has two titles").Field(fmt.Sprintf("colleague.titles[%d].language", i), "each language once")
		}
	}
	shown := s.Colleague(unit, worker)
	switch runs := s.runs(who, unit); {
	case who.Role == identity.RoleSystem:
	case runs && given.GetLeader() == shown.GetLeader():
	case runs:
		return nil, fault.New(fault.RoleNotAllowed, "who leads a unit is set by the agency's system")
	case who.Worker == worker && shown != nil && s.own(given, shown):
	default:
		return nil, fault.New(fault.RoleNotAllowed, "a worker sets titles, telephone and hours of its own; the rest is for who leads the unit")
	}
	// Output only: it follows from what is stored.
	given.OnDuty, given.Absence, given.LastSeenAt, given.Party = false, nil, nil, nil
	record := &caseworkv1.ColleagueRecord{}
	if stored := s.records[place{unit, worker}]; stored != nil {
		record = proto.CloneOf(stored)
	}
	record.Party = &commonv1.Party{Agency: s.Directory.Key, Unit: unit, Worker: worker}
	record.Put, record.PutBy, record.PutAt = given, who.Party(), timestamppb.New(now)
	return record, nil
}

// own reports whether a worker changes no more of its own record than it may, and completes what it may not
// change from what is shown.
func (s Staff) own(given, shown *caseworkv1.Colleague) bool {
	unchanged := (given.GetName() == "" || given.GetName() == shown.GetName()) &&
		(given.GetProfession() == "" || given.GetProfession() == shown.GetProfession()) &&
		given.GetUnnamed() == shown.GetUnnamed() && given.GetLeader() == shown.GetLeader() && given.GetLeft() == shown.GetLeft()
	put := s.records[place{shown.GetParty().GetUnit(), shown.GetParty().GetWorker()}].GetPut()
	given.Name, given.Profession = put.GetName(), put.GetProfession()
	return unchanged
}

// Duty returns the record of who is on duty in a unit in a week, after SetDuty.
func (s Staff) Duty(who identity.Caller, r *caseworkv1.SetDutyRequest, now time.Time) (*caseworkv1.DutyRecord, error) {
	switch {
	case !s.HasUnit(r.GetUnit()):
		return nil, fault.New(fault.UnknownParty, "your agency has no such unit").Field("unit", "must be a unit of your agency")
	case !s.runs(who, r.GetUnit()):
		return nil, fault.New(fault.RoleNotAllowed, "who is on duty is set by who leads the unit, or by the agency's system")
	}
	if _, err := MondayOf("week", r.GetWeek()); err != nil {
		return nil, err
	}
	for i, worker := range r.GetWorkers() {
		if !s.works(worker) {
			return nil, fault.New(fault.InvalidField, "this is no colleague, or one who has left").Field(fmt.Sprintf("workers[%d]", i), "a worker of ListColleagues")
		}
	}
	return &caseworkv1.DutyRecord{Unit: r.GetUnit(), Week: r.GetWeek(), Workers: r.GetWorkers(), SetBy: who.Party(), SetAt: timestamppb.New(now)}, nil
}

// HasUnit reports whether the agency has a unit.
func (s Staff) HasUnit(unit string) bool {
	for _, one := range s.Directory.Units {
		if one.Key == unit {
			return true
		}
	}
	return false
}

// MondayOf returns the Monday of an ISO 8601 week, at noon. It refuses a week that its year does not have,
// such as 2027-W53; field is the field that names it.
func MondayOf(field, week string) (time.Time, error) {
	monday, err := mondayOf(week)
	if err != nil {
		return monday, fault.New(fault.InvalidField, "the year has no such week").Field(field, "an ISO 8601 week such as 2026-W48")
	}
	return monday, nil
}

// mondayOf returns the Monday of an ISO 8601 week, at noon UTC.
func mondayOf(week string) (time.Time, error) {
	var year, number int
	if _, err := fmt.Sscanf(week, "%04d-W%02d", &year, &number); err != nil {
		return time.Time{}, err
	}
	// 4 January is always in week 1.
	fourth := time.Date(year, time.January, 4, 12, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(number-1))
	if gotYear, got := monday.ISOWeek(); gotYear != year || got != number {
		return time.Time{}, fmt.Errorf("people: there is no week %s", week)
	}
	return monday, nil
}

// Away returns the absence after SetAbsence, nil if it is removed, and its id.
func (s Staff) Away(who identity.Caller, r *caseworkv1.SetAbsenceRequest, newID string, now time.Time) (*caseworkv1.Absence, string, error) {
	colleague := s.Find(who.Unit, r.GetWorker())
	if colleague == nil {
		return nil, "", fault.New(fault.InvalidField, "this is no colleague").Field("worker", "a worker of ListColleagues")
	}
	if who.Worker != r.GetWorker() && !s.runsFor(who, r.GetWorker()) {
		return nil, "", fault.New(fault.RoleNotAllowed, "an absence is set by the worker, by who leads the worker's unit, or by the agency's system")
	}
	id := r.GetAbsenceId()
	if id != "" && !slices.ContainsFunc(s.Stored.GetAbsences(), func(one *caseworkv1.Absence) bool {
		return one.GetAbsenceId() == id && one.GetWorker().GetWorker() == r.GetWorker()
	}) {
		return nil, "", fault.New(fault.NotFound, "the worker has no such absence").Field("absence_id", "as GetRoster returned it")
	}
	if r.GetRemove() {
		if id == "" {
			return nil, "", fault.New(fault.InvalidField, "the absence to remove is missing").Field("absence_id", "required with remove")
		}
		return nil, id, nil
	}
	if err := s.checkAbsence(r); err != nil {
		return nil, "", err
	}
	if id == "" {
		id = newID
	}
	return &caseworkv1.Absence{
		AbsenceId: id, Worker: colleague.GetParty(), From: r.GetFrom(), To: r.GetTo(), Substitute: r.GetSubstitute(), SetBy: who.Party(), SetAt: timestamppb.New(now),
	}, id, nil
}

// runsFor reports whether a caller runs a unit in which a worker is.
func (s Staff) runsFor(who identity.Caller, worker string) bool {
	return slices.ContainsFunc(s.units[worker], func(unit string) bool { return s.runs(who, unit) })
}

func (s Staff) checkAbsence(r *caseworkv1.SetAbsenceRequest) error {
	from, err := time.Parse(time.DateOnly, r.GetFrom())
	if err != nil {
		return fault.New(fault.InvalidField, "the first day is missing or does not exist").Field("from", "a date such as 2026-12-24")
	}
	to, err := time.Parse(time.DateOnly, r.GetTo())
	switch {
	case err != nil:
		return fault.New(fault.InvalidField, "the last day is missing or does not exist").Field("to", "a date such as 2026-12-24")
	case to.Before(from):
		return fault.New(fault.InvalidField, "the last day is before the first").Field("to", "not before from")
	case to.Sub(from) >= maxAbsence*24*time.Hour:
		return fault.New(fault.InvalidField, "an absence has at most %d days", maxAbsence).Field("to", "an earlier day")
	}
	substitute := r.GetSubstitute()
	if substitute == nil {
		return nil
	}
	known := substitute.GetAgency() == s.Directory.Key && (substitute.GetUnit() == "" || s.HasUnit(substitute.GetUnit())) &&
		(substitute.GetWorker() == "" || substitute.GetWorker() != r.GetWorker() && s.works(substitute.GetWorker()))
	if !known || substitute.GetUnit() == "" && substitute.GetWorker() == "" {
		return fault.New(fault.InvalidField, "the substitute is nobody of your agency").Field("substitute", "a unit of your agency, or another worker of ListColleagues")
	}
	return nil
}

// emergencyLife is how long an emergency reading lasts.
const emergencyLife = 24 * time.Hour

// Open returns the record of an emergency reading of a client, given by internal id.
func (s Staff) Open(who identity.Caller, r *caseworkv1.OpenEmergencyReadingRequest, client, id string, now time.Time) (*caseworkv1.EmergencyRecord, error) {
	switch {
	case !s.Directory.ByUnit:
		return nil, fault.New(fault.IllegalStep, "in your agency, people read all matters of the agency").With("allowed_steps", "")
	case strings.TrimSpace(r.GetExplanation()) == "":
		return nil, fault.New(fault.ExplanationRequired, "an emergency reading needs an explanation").Field("explanation", "why you read")
	}
	return &caseworkv1.EmergencyRecord{
		EmergencyReadingId: id, Client: client, By: who.Party(), Kind: s.kindOf(who.Unit), Reason: r.GetReason(), Explanation: r.GetExplanation(),
		OpenedAt: timestamppb.New(now), Until: timestamppb.New(now.Add(emergencyLife)),
	}, nil
}

func (s Staff) kindOf(unit string) caseworkv1.AgencyKind {
	for _, one := range s.Directory.Units {
		if one.Key == unit {
			return one.Kind
		}
	}
	return s.Directory.Kind
}

// Review returns the record of an emergency reading after its review.
func (s Staff) Review(who identity.Caller, r *caseworkv1.ReviewEmergencyReadingRequest, now time.Time) (*caseworkv1.EmergencyRecord, error) {
	at := slices.IndexFunc(s.Stored.GetEmergencies(), func(one *caseworkv1.EmergencyRecord) bool {
		return one.GetEmergencyReadingId() == r.GetEmergencyReadingId()
	})
	if at < 0 {
		return nil, noReading()
	}
	record := proto.CloneOf(s.Stored.GetEmergencies()[at])
	switch {
	case who.Worker != "" && record.GetBy().GetWorker() == who.Worker:
		return nil, fault.New(fault.SecondOfficerRequired, "nobody reviews their own emergency reading")
	case !slices.Contains(s.Leads(who), record.GetBy().GetUnit()):
		return nil, noReading()
	case record.GetReviewedAt() != nil:
		return nil, fault.New(fault.IllegalStep, "this emergency reading was reviewed").With("allowed_steps", "")
	case r.GetVerdict() == caseworkv1.ReviewVerdict_REVIEW_VERDICT_NOT_JUSTIFIED && strings.TrimSpace(r.GetNote()) == "":
		return nil, fault.New(fault.ExplanationRequired, "say why it was not justified").Field("note", "required with REVIEW_VERDICT_NOT_JUSTIFIED")
	}
	record.ReviewedAt, record.ReviewedBy, record.Verdict, record.Note = timestamppb.New(now), who.Party(), r.GetVerdict(), r.GetNote()
	return record, nil
}

func noReading() error {
	return fault.New(fault.NotFound, "there is no such emergency reading that you can review")
}
