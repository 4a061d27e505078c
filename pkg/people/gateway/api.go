package gateway

import (
	"cmp"
	"context"
	"slices"
	"time"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// API serves the people of the caller's agency, and emergency readings.
type API struct {
	People   *People
	Services fanout.Services
	Secrets  *identity.Secrets
}

// current returns the caller, the people of its agency as they are now, and the domain's time.
func (a *API) current(ctx context.Context) (identity.Caller, people.Staff, time.Time, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return who, people.Staff{}, time.Time{}, err
	}
	if !caller.IsParty(who) {
		return who, people.Staff{}, time.Time{}, fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can see its people")
	}
	if err := a.People.Renew(ctx); err != nil {
		return who, people.Staff{}, time.Time{}, err
	}
	staff, now, _ := a.People.Staff(who.Agency)
	return who, staff, now, nil
}

// ListColleagues lists the people of the caller's agency.
func (a *API) ListColleagues(ctx context.Context, r *caseworkv1.ListColleaguesRequest) (*caseworkv1.ListColleaguesResponse, error) {
	_, staff, now, err := a.current(ctx)
	if err != nil {
		return nil, err
	}
	if r.GetUnit() != "" && !staff.HasUnit(r.GetUnit()) {
		return nil, noUnit()
	}
	return &caseworkv1.ListColleaguesResponse{Colleagues: staff.Colleagues(r.GetUnit(), r.GetIncludeLeft(), now)}, nil
}

func noUnit() error {
	return fault.New(fault.UnknownParty, "your agency has no such unit").Field("unit", "must be a unit of your agency")
}

// change makes one change by the service that keeps the people, and returns the people after it.
func (a *API) change(ctx context.Context, r *caseworkv1.ChangePeopleRequest) (people.Staff, *caseworkv1.ChangePeopleResponse, error) {
	changed, err := caseworkv1.NewPeopleServiceClient(a.People.config.Keeper).ChangePeople(identity.Forward(ctx), r)
	if err != nil {
		return people.Staff{}, nil, err
	}
	a.People.Took(changed.GetPeople())
	known, _ := a.People.config.Directory.Agency(changed.GetPeople().GetAgency())
	return people.NewStaff(known, changed.GetPeople()), changed, nil
}

// PutColleague replaces what was put about a colleague.
func (a *API) PutColleague(ctx context.Context, r *caseworkv1.PutColleagueRequest) (*caseworkv1.PutColleagueResponse, error) {
	staff, changed, err := a.change(ctx, &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Colleague{Colleague: r}})
	if err != nil {
		return nil, err
	}
	party := r.GetColleague().GetParty()
	return &caseworkv1.PutColleagueResponse{Colleague: staff.At(staff.Colleague(party.GetUnit(), party.GetWorker()), changed.GetNow().AsTime())}, nil
}

// GetRoster returns the duty weeks and absences of a unit.
func (a *API) GetRoster(ctx context.Context, r *caseworkv1.GetRosterRequest) (*caseworkv1.GetRosterResponse, error) {
	who, staff, _, err := a.current(ctx)
	switch {
	case err != nil:
		return nil, err
	case !staff.HasUnit(r.GetUnit()):
		return nil, noUnit()
	}
	monday, err := people.MondayOf("from_week", r.GetFromWeek())
	if err != nil {
		return nil, err
	}
	response, workers := &caseworkv1.GetRosterResponse{}, map[string]bool{}
	for i := range int(r.GetWeeks()) {
		record := staff.Week(r.GetUnit(), people.WeekOf(monday.AddDate(0, 0, 7*i)))
		response.Weeks = append(response.Weeks, dutyWeek(who.Agency, record))
		for _, worker := range record.GetWorkers() {
			workers[worker] = true
		}
	}
	for _, one := range staff.Colleagues(r.GetUnit(), false, monday) {
		workers[one.GetParty().GetWorker()] = true
	}
	first, last := people.DayOf(monday), people.DayOf(monday.AddDate(0, 0, 7*int(r.GetWeeks())-1))
	for _, one := range staff.Stored.GetAbsences() {
		if workers[one.GetWorker().GetWorker()] && one.GetFrom() <= last && one.GetTo() >= first {
			response.Absences = append(response.Absences, one)
		}
	}
	slices.SortFunc(response.Absences, func(a, b *caseworkv1.Absence) int {
		return cmp.Or(cmp.Compare(a.GetFrom(), b.GetFrom()), cmp.Compare(a.GetAbsenceId(), b.GetAbsenceId()))
	})
	return response, nil
}

func dutyWeek(agency string, record *caseworkv1.DutyRecord) *caseworkv1.DutyWeek {
	week := &caseworkv1.DutyWeek{Week: record.GetWeek(), SetBy: record.GetSetBy(), SetAt: record.GetSetAt()}
	for _, worker := range record.GetWorkers() {
		week.Workers = append(week.Workers, &commonv1.Party{Agency: agency, Unit: record.GetUnit(), Worker: worker})
	}
	return week
}

// SetDuty sets who is on duty in a week.
func (a *API) SetDuty(ctx context.Context, r *caseworkv1.SetDutyRequest) (*caseworkv1.SetDutyResponse, error) {
	staff, changed, err := a.change(ctx, &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Duty{Duty: r}})
	if err != nil {
		return nil, err
	}
	return &caseworkv1.SetDutyResponse{Week: dutyWeek(changed.GetPeople().GetAgency(), staff.Week(r.GetUnit(), r.GetWeek()))}, nil
}

// SetAbsence records, changes or removes an absence.
func (a *API) SetAbsence(ctx context.Context, r *caseworkv1.SetAbsenceRequest) (*caseworkv1.SetAbsenceResponse, error) {
	staff, changed, err := a.change(ctx, &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Absence{Absence: r}})
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.SetAbsenceResponse{}
	for _, one := range staff.Stored.GetAbsences() {
		if one.GetAbsenceId() == changed.GetId() {
			response.Absence = one
		}
	}
	return response, nil
}

// OpenEmergencyReading opens a reading of a client in an emergency.
func (a *API) OpenEmergencyReading(ctx context.Context, r *caseworkv1.OpenEmergencyReadingRequest) (*caseworkv1.OpenEmergencyReadingResponse, error) {
	reading, err := a.reading(ctx, &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Open{Open: r}})
	return &caseworkv1.OpenEmergencyReadingResponse{Reading: reading}, err
}

// ReviewEmergencyReading reviews a reading in an emergency.
func (a *API) ReviewEmergencyReading(ctx context.Context, r *caseworkv1.ReviewEmergencyReadingRequest) (*caseworkv1.ReviewEmergencyReadingResponse, error) {
	reading, err := a.reading(ctx, &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Review{Review: r}})
	return &caseworkv1.ReviewEmergencyReadingResponse{Reading: reading}, err
}

func (a *API) reading(ctx context.Context, r *caseworkv1.ChangePeopleRequest) (*caseworkv1.EmergencyReading, error) {
	staff, changed, err := a.change(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, record := range staff.Stored.GetEmergencies() {
		if record.GetEmergencyReadingId() == changed.GetId() {
			readings, err := a.readings(ctx, changed.GetPeople().GetAgency(), record)
			if err != nil {
				return nil, err
			}
			return readings[0], nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no such emergency reading")
}

const readingsKind = identity.Kind("emergency-readings-page")

// ListEmergencyReadings lists the caller's own readings and those that it reviews, the latest first.
func (a *API) ListEmergencyReadings(ctx context.Context, r *caseworkv1.ListEmergencyReadingsRequest) (*caseworkv1.ListEmergencyReadingsResponse, error) {
	who, staff, _, err := a.current(ctx)
	if err != nil {
		return nil, err
	}
	after := ""
	if r.GetPageToken() != "" {
		payload, ok := a.Secrets.OpenToken(readingsKind, who.Agency, r.GetPageToken())
		if !ok {
			return nil, fault.New(fault.InvalidPageToken, "the page token does not belong to this list").Field("page_token", "send it unchanged")
		}
		after = string(payload)
	}
	leads := staff.Leads(who)
	records := slices.DeleteFunc(slices.Clone(staff.Stored.GetEmergencies()), func(one *caseworkv1.EmergencyRecord) bool {
		mine := who.Worker != "" && one.GetBy().GetWorker() == who.Worker
		return !mine && !slices.Contains(leads, one.GetBy().GetUnit()) || r.GetUnreviewedOnly() && one.GetReviewedAt() != nil || after != "" && place(one) >= after
	})
	slices.SortFunc(records, func(a, b *caseworkv1.EmergencyRecord) int { return cmp.Compare(place(b), place(a)) })
	size := fanout.PageSize(r.GetPageSize())
	response := &caseworkv1.ListEmergencyReadingsResponse{}
	if len(records) > size {
		records = records[:size]
		response.NextPageToken = a.Secrets.Token(readingsKind, who.Agency, []byte(place(records[size-1])))
	}
	response.Readings, err = a.readings(ctx, who.Agency, records...)
	return response, err
}

// place orders emergency readings by when they were opened.
func place(one *caseworkv1.EmergencyRecord) string {
	return one.GetOpenedAt().AsTime().Format("2006-01-02T15:04:05.000000000") + " " + one.GetEmergencyReadingId()
}

// readings returns emergency readings as their callers read them, with how many matters were read by each.
func (a *API) readings(ctx context.Context, agency string, records ...*caseworkv1.EmergencyRecord) ([]*caseworkv1.EmergencyReading, error) {
	readings, count := make([]*caseworkv1.EmergencyReading, 0, len(records)), &caseworkv1.CountEmergencyReadsRequest{}
	for _, one := range records {
		readings = append(readings, &caseworkv1.EmergencyReading{
			EmergencyReadingId: one.GetEmergencyReadingId(), ClientId: a.Secrets.Pseudonym(identity.KindClient, agency, one.GetClient()), By: one.GetBy(),
			Kind: one.GetKind(), Reason: one.GetReason(), Explanation: one.GetExplanation(), OpenedAt: one.GetOpenedAt(), Until: one.GetUntil(),
			ReviewedAt: one.GetReviewedAt(), ReviewedBy: one.GetReviewedBy(), Verdict: one.GetVerdict(), Note: one.GetNote(),
		})
		count.Asked = append(count.Asked, &caseworkv1.CountEmergencyReadsRequest_Asked{Client: one.GetClient(), Agency: agency, EmergencyReadingId: one.GetEmergencyReadingId()})
	}
	if len(records) == 0 {
		return nil, nil
	}
	_, counted, err := fanout.Ask(ctx, a.Services, func(ctx context.Context, _ string, suite caseworkv1.SuiteServiceClient) (*caseworkv1.CountEmergencyReadsResponse, error) {
		return suite.CountEmergencyReads(ctx, count)
	})
	if err != nil {
		return nil, err
	}
	for _, part := range counted {
		for i, matters := range part.GetMatters() {
			readings[i].MattersRead += matters
		}
	}
	return readings, nil
}

// reviewDays is within how many working days an emergency reading is reviewed.
const reviewDays = 5

// ReviewsOverdue counts the emergency readings that nobody has reviewed in time.
func (p *People) ReviewsOverdue() int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	var overdue int32
	for _, agency := range p.agencies {
		for _, one := range agency.GetEmergencies() {
			if one.GetReviewedAt() == nil && p.now.After(matter.EndOfWorkingDay(one.GetOpenedAt().AsTime(), reviewDays)) {
				overdue++
			}
		}
	}
	return overdue
}
