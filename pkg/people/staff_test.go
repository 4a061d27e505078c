package people_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// monday is in week 48 of 2026.
var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func agency() directory.Agency {
	return directory.Agency{
		Key: "hva", Kind: caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES, ByUnit: true,
		Units: []directory.Unit{
			{Key: "intake", Kind: caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES, Intake: true},
			{Key: "team", Kind: caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES, Duty: map[string][]string{"2026-W48": {"w-1", "w-2"}}, Workers: []directory.Worker{
				{Worker: "w-1", Name: "Listed One", Phone: "017 1", Titles: map[string]string{"fi": "sosiaalityöntekijä"}},
			}},
			{Key: "other", Kind: caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE},
		},
	}
}

func worker(unit, worker string) identity.Caller {
	return identity.Caller{Agency: "hva", Unit: unit, Worker: worker, Role: identity.RoleSocialWorker}
}

func leader(unit, worker string) identity.Caller {
	return identity.Caller{Agency: "hva", Unit: unit, Worker: worker, Role: identity.RoleTeamLeader}
}

func system() identity.Caller {
	return identity.Caller{Agency: "hva", Role: identity.RoleSystem, System: true, SystemSubject: "s"}
}

func party(unit, worker string) *commonv1.Party {
	return &commonv1.Party{Agency: "hva", Unit: unit, Worker: worker}
}

func staff(records ...*caseworkv1.ColleagueRecord) people.Staff {
	return people.NewStaff(agency(), &caseworkv1.AgencyPeople{Agency: "hva", Colleagues: records})
}

// The name comes from the sign-in, else from PutColleague, else from the directory; the rest from what was
// put, if anything was.
func TestColleagueHasThreeSources(t *testing.T) {
	if got := staff().Colleague("team", "w-1"); got.GetName() != "Listed One" || got.GetPhone() != "017 1" || len(got.GetTitles()) != 1 || got.GetUnnamed() {
		t.Errorf("of the directory: %v", got)
	}
	if got := staff().Colleague("team", "nobody"); got != nil {
		t.Errorf("of nobody: %v", got)
	}
	put := &caseworkv1.ColleagueRecord{Party: party("team", "w-1"), Put: &caseworkv1.Colleague{Name: "Put One", Unnamed: true}}
	if got := staff(put).Colleague("team", "w-1"); got.GetName() != "Put One" || got.GetPhone() != "" || len(got.GetTitles()) != 0 || !got.GetUnnamed() {
		t.Errorf("after PutColleague: %v", got)
	}
	put.SignedName = "Signed One"
	if got := staff(put).Colleague("team", "w-1"); got.GetName() != "Signed One" {
		t.Errorf("after a sign-in: %v", got)
	}
}

// A sign-in is stored once a day, and whenever the token says something new. It ends that a worker has left.
func TestSignIn(t *testing.T) {
	asked := &caseworkv1.NoteSignInRequest{Party: party("team", "w-9"), Name: "Nine", Profession: "social_worker"}
	first, changed := staff().SignedIn(asked, monday)
	if !changed || first.GetSignedName() != "Nine" || first.GetSignedProfession() != "social_worker" {
		t.Fatal(first, changed)
	}
	if _, again := staff(first).SignedIn(asked, monday.Add(time.Hour)); again {
		t.Error("stored twice on a day")
	}
	if _, again := staff(first).SignedIn(asked, monday.AddDate(0, 0, 1)); !again {
		t.Error("not stored on the next day")
	}
	renamed := proto.CloneOf(asked)
	renamed.Name = "Another"
	if next, again := staff(first).SignedIn(renamed, monday.Add(time.Hour)); !again || next.GetSignedName() != "Another" {
		t.Error("a new name is not stored")
	}
	left := proto.CloneOf(first)
	left.Put = &caseworkv1.Colleague{Left: true}
	if next, again := staff(left).SignedIn(asked, monday.Add(time.Hour)); !again || next.GetPut().GetLeft() {
		t.Error("a sign-in does not end that the worker has left")
	}
}

// A leader leads the unit of its token and units whose record says so; who leads the intake unit leads those
// that nobody leads.
func TestLeads(t *testing.T) {
	named := &caseworkv1.ColleagueRecord{Party: party("other", "w-7"), Put: &caseworkv1.Colleague{Leader: true}}
	for name, test := range map[string]struct {
		staff people.Staff
		who   identity.Caller
		want  []string
	}{
		"a worker":               {staff(), worker("team", "w-1"), nil},
		"a team leader":          {staff(), leader("team", "w-5"), []string{"team"}},
		"of the intake":          {staff(), leader("intake", "w-5"), []string{"intake", "team", "other"}},
		"a unit has its own":     {staff(named), leader("intake", "w-5"), []string{"intake", "team"}},
		"by the record":          {staff(named), worker("other", "w-7"), []string{"other"}},
		"of another agency":      {staff(named), identity.Caller{Agency: "kela", Unit: "team", Worker: "w-7", Role: identity.RoleTeamLeader}, nil},
		"who has left leads not": {staff(&caseworkv1.ColleagueRecord{Party: party("other", "w-7"), Put: &caseworkv1.Colleague{Leader: true, Left: true}}), worker("other", "w-7"), nil},
	} {
		if got := test.staff.Leads(test.who); !slices.Equal(got, test.want) {
			t.Errorf("%s leads %v, want %v", name, got, test.want)
		}
	}
}

// PutColleague is for the system, for who leads the unit, and for the worker's own telephone, hours and titles.
func TestPutColleague(t *testing.T) {
	own := func(edit func(*caseworkv1.Colleague)) *caseworkv1.PutColleagueRequest {
		one := &caseworkv1.Colleague{Party: party("team", "w-1"), Phone: "044 1"}
		edit(one)
		return &caseworkv1.PutColleagueRequest{Colleague: one}
	}
	none := func(*caseworkv1.Colleague) {}
	for name, test := range map[string]struct {
		who  identity.Caller
		edit func(*caseworkv1.Colleague)
		want fault.Reason
	}{
		"itself":                   {worker("team", "w-1"), none, ""},
		"itself, same name":        {worker("team", "w-1"), func(c *caseworkv1.Colleague) { c.Name = "Listed One" }, ""},
		"itself, another name":     {worker("team", "w-1"), func(c *caseworkv1.Colleague) { c.Name = "Other" }, fault.RoleNotAllowed},
		"itself, unnamed":          {worker("team", "w-1"), func(c *caseworkv1.Colleague) { c.Unnamed = true }, fault.RoleNotAllowed},
		"itself, leader":           {worker("team", "w-1"), func(c *caseworkv1.Colleague) { c.Leader = true }, fault.RoleNotAllowed},
		"a colleague":              {worker("team", "w-2"), none, fault.RoleNotAllowed},
		"a leader":                 {leader("team", "w-5"), func(c *caseworkv1.Colleague) { c.Unnamed, c.Name = true, "Other" }, ""},
		"a leader, leader":         {leader("team", "w-5"), func(c *caseworkv1.Colleague) { c.Leader = true }, fault.RoleNotAllowed},
		"a leader elsewhere":       {leader("other", "w-5"), none, fault.RoleNotAllowed},
		"the system, leader":       {system(), func(c *caseworkv1.Colleague) { c.Leader = true }, ""},
		"no profession":            {system(), func(c *caseworkv1.Colleague) { c.Profession = "team_leader" }, fault.InvalidField},
		"two titles in a language": {system(), func(c *caseworkv1.Colleague) { c.Titles = []*caseworkv1.Title{{Language: "fi"}, {Language: "fi"}} }, fault.InvalidField},
	} {
		got, err := staff().Put(test.who, own(test.edit), monday)
		if fault.ReasonOf(err) != test.want || err == nil && got.GetPut().GetPhone() != "044 1" {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestDuty(t *testing.T) {
	ask := func(week string, workers ...string) *caseworkv1.SetDutyRequest {
		return &caseworkv1.SetDutyRequest{Unit: "team", Week: week, Workers: workers}
	}
	gone := &caseworkv1.ColleagueRecord{Party: party("team", "w-8"), Put: &caseworkv1.Colleague{Left: true}}
	for name, test := range map[string]struct {
		who  identity.Caller
		r    *caseworkv1.SetDutyRequest
		want fault.Reason
	}{
		"a leader":      {leader("team", "w-5"), ask("2026-W49", "w-1"), ""},
		"nobody":        {leader("team", "w-5"), ask("2026-W49"), ""},
		"a worker":      {worker("team", "w-1"), ask("2026-W49", "w-1"), fault.RoleNotAllowed},
		"unknown":       {system(), ask("2026-W49", "w-77"), fault.InvalidField},
		"who has left":  {system(), ask("2026-W49", "w-8"), fault.InvalidField},
		"week 53":       {system(), ask("2026-W53", "w-1"), ""},
		"no week 53":    {system(), ask("2027-W53", "w-1"), fault.InvalidField},
		"another unit":  {system(), &caseworkv1.SetDutyRequest{Unit: "none", Week: "2026-W49"}, fault.UnknownParty},
		"of the intake": {leader("intake", "w-5"), ask("2026-W49", "w-1"), ""},
	} {
		if _, err := staff(gone).Duty(test.who, test.r, monday); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A stored week, also an empty one, replaces the file's.
	s := people.NewStaff(agency(), &caseworkv1.AgencyPeople{Duty: []*caseworkv1.DutyRecord{{Unit: "team", Week: "2026-W48"}}})
	if got := s.DutyOf("w-1", "2026-W01"); len(got) != 0 {
		t.Errorf("on duty in %v", got)
	}
	if got := staff().DutyOf("w-1", "2026-W01"); !slices.Equal(got, []string{"team/2026-W48"}) || len(staff().DutyOf("w-1", "2026-W49")) != 0 {
		t.Errorf("on duty in %v", got)
	}
}

func TestAbsence(t *testing.T) {
	ask := func(edit func(*caseworkv1.SetAbsenceRequest)) *caseworkv1.SetAbsenceRequest {
		r := &caseworkv1.SetAbsenceRequest{Worker: "w-1", From: "2026-11-23", To: "2026-11-27"}
		edit(r)
		return r
	}
	none := func(*caseworkv1.SetAbsenceRequest) {}
	for name, test := range map[string]struct {
		who  identity.Caller
		edit func(*caseworkv1.SetAbsenceRequest)
		want fault.Reason
	}{
		"itself":            {worker("team", "w-1"), none, ""},
		"a colleague":       {worker("team", "w-2"), none, fault.RoleNotAllowed},
		"a leader":          {leader("team", "w-5"), none, ""},
		"a leader of other": {leader("other", "w-5"), none, fault.RoleNotAllowed},
		"unknown":           {system(), func(r *caseworkv1.SetAbsenceRequest) { r.Worker = "w-77" }, fault.InvalidField},
		"backwards":         {system(), func(r *caseworkv1.SetAbsenceRequest) { r.To = "2026-11-22" }, fault.InvalidField},
		"a year":            {system(), func(r *caseworkv1.SetAbsenceRequest) { r.To = "2027-11-23" }, ""},
		"longer":            {system(), func(r *caseworkv1.SetAbsenceRequest) { r.To = "2027-11-24" }, fault.InvalidField},
		"no such day":       {system(), func(r *caseworkv1.SetAbsenceRequest) { r.To = "2026-11-31" }, fault.InvalidField},
		"another's absence": {system(), func(r *caseworkv1.SetAbsenceRequest) { r.AbsenceId = "11111111-1111-4111-8111-111111111111" }, fault.NotFound},
		"remove nothing":    {system(), func(r *caseworkv1.SetAbsenceRequest) { r.Remove = true }, fault.InvalidField},
		"foreign":           {system(), func(r *caseworkv1.SetAbsenceRequest) { r.Substitute = &commonv1.Party{Agency: "kela", Unit: "x"} }, fault.InvalidField},
		"oneself":           {system(), func(r *caseworkv1.SetAbsenceRequest) { r.Substitute = party("team", "w-1") }, fault.InvalidField},
		"a unit":            {system(), func(r *caseworkv1.SetAbsenceRequest) { r.Substitute = party("intake", "") }, ""},
	} {
		if _, _, err := staff().Away(test.who, ask(test.edit), "id", monday); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An emergency reading lasts a day; it is reviewed once, by who leads the reader's unit and never by the
// reader.
func TestEmergency(t *testing.T) {
	open := &caseworkv1.OpenEmergencyReadingRequest{Reason: caseworkv1.EmergencyReason_EMERGENCY_REASON_LIFE_OR_HEALTH, Explanation: "x"}
	reading, err := staff().Open(leader("team", "w-1"), open, "client", "id", monday)
	if err != nil || !reading.GetUntil().AsTime().Equal(monday.Add(24*time.Hour)) || reading.GetKind() != caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES {
		t.Fatal(reading, err)
	}
	if _, err := staff().Open(worker("team", "w-1"), &caseworkv1.OpenEmergencyReadingRequest{Explanation: " \n"}, "client", "id", monday); fault.ReasonOf(err) != fault.ExplanationRequired {
		t.Errorf("without an explanation: %v", err)
	}
	s := people.NewStaff(agency(), &caseworkv1.AgencyPeople{Emergencies: []*caseworkv1.EmergencyRecord{reading}})
	ask := func(verdict caseworkv1.ReviewVerdict, note string) *caseworkv1.ReviewEmergencyReadingRequest {
		return &caseworkv1.ReviewEmergencyReadingRequest{EmergencyReadingId: "id", Verdict: verdict, Note: note}
	}
	const yes, no = caseworkv1.ReviewVerdict_REVIEW_VERDICT_JUSTIFIED, caseworkv1.ReviewVerdict_REVIEW_VERDICT_NOT_JUSTIFIED
	for name, test := range map[string]struct {
		who  identity.Caller
		r    *caseworkv1.ReviewEmergencyReadingRequest
		want fault.Reason
	}{
		"oneself, as a leader": {leader("team", "w-1"), ask(yes, ""), fault.SecondOfficerRequired},
		"a colleague":          {worker("team", "w-2"), ask(yes, ""), fault.NotFound},
		"another leader":       {leader("other", "w-5"), ask(yes, ""), fault.NotFound},
		"without a note":       {leader("team", "w-5"), ask(no, " "), fault.ExplanationRequired},
		"with a note":          {leader("team", "w-5"), ask(no, "x"), ""},
		"justified":            {leader("intake", "w-5"), ask(yes, ""), ""},
		"unknown":              {leader("team", "w-5"), &caseworkv1.ReviewEmergencyReadingRequest{EmergencyReadingId: "none", Verdict: yes}, fault.NotFound},
	} {
		reviewed, err := s.Review(test.who, test.r, monday)
		if fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		after := people.NewStaff(agency(), &caseworkv1.AgencyPeople{Emergencies: []*caseworkv1.EmergencyRecord{reviewed}})
		if _, err := after.Review(test.who, test.r, monday); fault.ReasonOf(err) != fault.IllegalStep {
			t.Errorf("%s, twice: %v", name, err)
		}
	}
	whole := agency()
	whole.ByUnit = false
	if _, err := people.NewStaff(whole, nil).Open(worker("team", "w-1"), open, "client", "id", monday); fault.ReasonOf(err) != fault.IllegalStep {
		t.Errorf("where people read all of the agency: %v", err)
	}
}

// Each week of each year has its Monday, and the weeks follow one another.
func TestWeeks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 36500).Draw(t, "days"))
		week := people.WeekOf(at)
		first, err := people.MondayOf("week", week)
		if err != nil || first.Weekday() != time.Monday || people.WeekOf(first) != week || people.WeekOf(first.AddDate(0, 0, 6)) != week || people.WeekOf(first.AddDate(0, 0, 7)) <= week {
			t.Fatalf("%v in %s: %v %v", at, week, first, err)
		}
	})
}
