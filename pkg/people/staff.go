// Package people says who works where in an agency, who is on duty and who is away, and keeps emergency
// readings. The concern service stores it; the gateway reads it, and tells the services in the suite's
// tokens what follows for a caller's reading. This package holds the rules and the store's part; the
// subpackage gateway the gateway's.
package people

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Staff are the people of one agency: what is stored of them, and what the directory says.
type Staff struct {
	Directory directory.Agency
	Stored    *caseworkv1.AgencyPeople

	records map[place]*caseworkv1.ColleagueRecord
	listed  map[place]directory.Worker
	duty    map[shift]*caseworkv1.DutyRecord
	// places are the workers and units that are known, in order of unit and worker; units are those of each
	// worker, in order.
	places []place
	units  map[string][]string
}

// NewStaff returns the people of an agency.
func NewStaff(known directory.Agency, stored *caseworkv1.AgencyPeople) Staff {
	s := Staff{
		Directory: known, Stored: stored, records: map[place]*caseworkv1.ColleagueRecord{}, listed: map[place]directory.Worker{},
		duty: map[shift]*caseworkv1.DutyRecord{}, units: map[string][]string{},
	}
	all := map[place]bool{}
	for _, unit := range known.Units {
		for _, worker := range unit.Workers {
			at := place{unit.Key, worker.Worker}
			s.listed[at], all[at] = worker, true
		}
		for week, workers := range unit.Duty {
			s.duty[shift{unit.Key, week}] = &caseworkv1.DutyRecord{Unit: unit.Key, Week: week, Workers: workers}
		}
	}
	for _, record := range stored.GetColleagues() {
		at := place{record.GetParty().GetUnit(), record.GetParty().GetWorker()}
		s.records[at], all[at] = record, true
	}
	for _, record := range stored.GetDuty() {
		s.duty[shift{record.GetUnit(), record.GetWeek()}] = record
	}
	s.places = slices.SortedFunc(maps.Keys(all), func(a, b place) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.worker, b.worker)) })
	for _, at := range s.places {
		s.units[at.worker] = append(s.units[at.worker], at.unit)
	}
	return s
}

// place is one worker in one unit.
type place struct{ unit, worker string }

// shift is one week of a unit's roster.
type shift struct{ unit, week string }

// Colleague returns a worker in a unit, nil if there is none: name and profession from the sign-in, else from
// PutColleague, else from the directory; the rest from PutColleague, else from the directory. The worker is
// unnamed if any of them says so.
func (s Staff) Colleague(unit, worker string) *caseworkv1.Colleague {
	record, put := s.records[place{unit, worker}], &caseworkv1.Colleague{}
	listed, known := s.listed[place{unit, worker}]
	if record == nil && !known {
		return nil
	}
	titles, phone, hours, leader := titlesOf(listed.Titles), listed.Phone, listed.PhoneHours, listed.Leader
	if record.GetPut() != nil {
		put = record.GetPut()
		titles, phone, hours, leader = put.GetTitles(), put.GetPhone(), put.GetPhoneHours(), put.GetLeader()
	}
	return &caseworkv1.Colleague{
		Party: &commonv1.Party{Agency: s.Directory.Key, Unit: unit, Worker: worker},
		Name:  cmp.Or(record.GetSignedName(), put.GetName(), listed.Name), Titles: titles,
		Profession: cmp.Or(record.GetSignedProfession(), put.GetProfession(), listed.Profession), Phone: phone, PhoneHours: hours,
		Unnamed: put.GetUnnamed() || listed.Unnamed, Leader: leader, Left: put.GetLeft(), LastSeenAt: record.GetLastSeenAt(),
	}
}

func titlesOf(titles map[string]string) []*caseworkv1.Title {
	var all []*caseworkv1.Title
	for _, language := range slices.Sorted(maps.Keys(titles)) {
		all = append(all, &caseworkv1.Title{Language: language, Text: titles[language]})
	}
	return all
}

// Find returns a worker's record in a unit, or else the worker's record in any unit, those that were not left
// first; nil for nobody.
func (s Staff) Find(unit, worker string) *caseworkv1.Colleague {
	if worker == "" {
		return nil
	}
	if found := s.Colleague(unit, worker); found != nil {
		return found
	}
	var left *caseworkv1.Colleague
	for _, unit := range s.units[worker] {
		found := s.Colleague(unit, worker)
		if !found.GetLeft() {
			return found
		}
		left = cmp.Or(left, found)
	}
	return left
}

// IsUnnamed reports whether any record of a worker says that the worker is unnamed.
func (s Staff) IsUnnamed(worker string) bool {
	return slices.ContainsFunc(s.units[worker], func(unit string) bool { return s.Colleague(unit, worker).GetUnnamed() })
}

// works reports whether a worker is a colleague who has not left.
func (s Staff) works(worker string) bool { return s.Works("", worker) }

// Works reports whether a worker can be taken to work in a unit: as the worker's record in it says, or else as a
// colleague of another unit who has not left, as one who stands in.
func (s Staff) Works(unit, worker string) bool {
	found := s.Find(unit, worker)
	return found != nil && !found.GetLeft()
}

// Colleagues returns the people of a unit, or of all for an empty one, by name and then by worker, with duty
// and absence at a time.
func (s Staff) Colleagues(unit string, withLeft bool, now time.Time) []*caseworkv1.Colleague {
	var all []*caseworkv1.Colleague
	for _, at := range s.places {
		if unit != "" && at.unit != unit {
			continue
		}
		if one := s.Colleague(at.unit, at.worker); withLeft || !one.GetLeft() {
			all = append(all, s.At(one, now))
		}
	}
	slices.SortStableFunc(all, func(a, b *caseworkv1.Colleague) int {
		return cmp.Or(cmp.Compare(a.GetName(), b.GetName()), cmp.Compare(a.GetParty().GetWorker(), b.GetParty().GetWorker()))
	})
	return all
}

// shownAhead is how many days before it begins an absence is shown beside a colleague.
const shownAhead = 30

// At returns a colleague with duty and absence at a time.
func (s Staff) At(one *caseworkv1.Colleague, now time.Time) *caseworkv1.Colleague {
	one = proto.CloneOf(one)
	worker := one.GetParty().GetWorker()
	one.OnDuty = slices.Contains(s.Week(one.GetParty().GetUnit(), WeekOf(now)).GetWorkers(), worker)
	if one.Absence = s.Absent(worker, now); one.GetAbsence() == nil {
		one.Absence = s.absentWithin(worker, DayOf(now), DayOf(now.AddDate(0, 0, shownAhead)))
	}
	return one
}

// Absent returns the absence of a worker on the day of a time, in Helsinki; nil if there is none.
func (s Staff) Absent(worker string, now time.Time) *caseworkv1.Absence {
	return s.absentWithin(worker, DayOf(now), DayOf(now))
}

// absentWithin returns the earliest absence of a worker that touches one of the days; nil for none.
func (s Staff) absentWithin(worker, from, to string) *caseworkv1.Absence {
	var first *caseworkv1.Absence
	if worker == "" {
		return nil
	}
	for _, one := range s.Stored.GetAbsences() {
		if one.GetWorker().GetWorker() == worker && one.GetFrom() <= to && one.GetTo() >= from && (first == nil || one.GetFrom() < first.GetFrom()) {
			first = one
		}
	}
	return first
}

// Week returns who is on duty in a unit in a week: as SetDuty set it, else as the directory has it.
func (s Staff) Week(unit, week string) *caseworkv1.DutyRecord {
	if record := s.duty[shift{unit, week}]; record != nil {
		return record
	}
	return &caseworkv1.DutyRecord{Unit: unit, Week: week}
}

// DutyOf returns the weeks from the given one on in which a worker is on a unit's roster, each as
// "unit/2026-W48".
func (s Staff) DutyOf(worker, from string) []string {
	var duty []string
	for one, record := range s.duty {
		if one.week >= from && slices.Contains(record.GetWorkers(), worker) {
			duty = append(duty, one.unit+"/"+one.week)
		}
	}
	slices.Sort(duty)
	return duty
}

// Leads returns the units that a caller leads: the unit of its token for a team leader, units whose record of
// it says so, and, for who leads the intake unit, those that nobody leads.
func (s Staff) Leads(who identity.Caller) []string {
	if who.Agency != s.Directory.Key || who.Worker == "" {
		return nil
	}
	led, own := map[string]bool{}, map[string]bool{}
	for _, at := range s.places {
		one := s.Colleague(at.unit, at.worker)
		leads := one.GetLeader() || s.records[at].GetSignedLeader()
		if leads && !one.GetLeft() {
			led[at.unit] = true
			own[at.unit] = own[at.unit] || one.GetLeader() && at.worker == who.Worker
		}
	}
	if who.Role == identity.RoleTeamLeader && who.Unit != "" {
		led[who.Unit], own[who.Unit] = true, true
	}
	var units []string
	for _, unit := range s.Directory.Units {
		if own[unit.Key] || !led[unit.Key] && own[s.intake()] {
			units = append(units, unit.Key)
		}
	}
	return units
}

func (s Staff) intake() string {
	for _, unit := range s.Directory.Units {
		if unit.Intake {
			return unit.Key
		}
	}
	return ""
}

// WeekOf returns the ISO 8601 week of a time, in Helsinki.
func WeekOf(at time.Time) string { return matter.WeekOf(at) }

// DayOf returns the day of a time, in Helsinki, as an ISO 8601 date.
func DayOf(at time.Time) string { return at.In(matter.Helsinki()).Format(time.DateOnly) }
