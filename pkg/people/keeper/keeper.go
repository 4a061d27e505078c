// Package keeper keeps the people of all agencies in the concern service.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// The kinds of the stored records. They are stored.
const (
	kindColleague = "colleague"
	kindDuty      = "duty"
	kindAbsence   = "absence"
	kindEmergency = "emergency"
	kindRequest   = "request"
)

// maxTries limits how often a change is decided again after a conflict.
const maxTries = 16

// Keeper stores the people of all agencies, in the concern service. All fields are required.
type Keeper struct {
	caseworkv1.UnimplementedPeopleServiceServer
	caseworkv1.UnimplementedStaffServiceServer

	Records   journal.Records
	Directory *directory.Directory
	Secrets   *identity.Secrets
	Clock     clock.Clock
	AccessLog *accesslog.Recorder
	NewID     func() string
	// Persons are those whose personal identity codes are accepted.
	Persons idcode.Persons
}

// Register adds the keeper's services to a server.
func (k *Keeper) Register(server grpc.ServiceRegistrar) {
	caseworkv1.RegisterPeopleServiceServer(server, k)
	caseworkv1.RegisterStaffServiceServer(server, k)
}

// stored are an agency's people with the versions of their records.
type stored struct {
	people.Staff

	requests map[string]*caseworkv1.PeopleRequest
	versions map[string]uint64
}

// version is the version of a record; 0 if it does not exist.
func (s stored) version(kind, key string) uint64 { return s.versions[kind+"/"+key] }

// read reads the people of an agency.
func (k *Keeper) read(ctx context.Context, agency string) (stored, error) {
	records, revision, err := k.Records.AgencyRecords(ctx, agency)
	if err != nil {
		return stored{}, fault.Store(err)
	}
	known, _ := k.Directory.Agency(agency)
	known.Key = agency
	s := stored{
		Staff:    people.Staff{Stored: &caseworkv1.AgencyPeople{Agency: agency, Revision: revision}},
		requests: map[string]*caseworkv1.PeopleRequest{}, versions: map[string]uint64{},
	}
	for _, record := range records {
		s.versions[record.Kind+"/"+record.Key] = record.Version
		if err := s.add(record); err != nil {
			return s, fmt.Errorf("people: a stored %s: %w", record.Kind, err)
		}
	}
	s.Staff = people.NewStaff(known, s.Stored)
	return s, nil
}

// add adds a stored record. A kind that a later version of the program stores is left alone.
func (s stored) add(record journal.Record) error {
	switch record.Kind {
	case kindColleague:
		one := &caseworkv1.ColleagueRecord{}
		s.Stored.Colleagues = append(s.Stored.Colleagues, one)
		return proto.Unmarshal(record.Body, one)
	case kindDuty:
		one := &caseworkv1.DutyRecord{}
		s.Stored.Duty = append(s.Stored.Duty, one)
		return proto.Unmarshal(record.Body, one)
	case kindAbsence:
		one := &caseworkv1.Absence{}
		s.Stored.Absences = append(s.Stored.Absences, one)
		return proto.Unmarshal(record.Body, one)
	case kindEmergency:
		one := &caseworkv1.EmergencyRecord{}
		s.Stored.Emergencies = append(s.Stored.Emergencies, one)
		return proto.Unmarshal(record.Body, one)
	case kindRequest:
		one := &caseworkv1.PeopleRequest{}
		s.requests[record.Key] = one
		return proto.Unmarshal(record.Body, one)
	}
	return nil
}

// ReadPeople returns the people of the agencies whose people changed.
func (k *Keeper) ReadPeople(ctx context.Context, r *caseworkv1.ReadPeopleRequest) (*caseworkv1.ReadPeopleResponse, error) {
	revisions, err := k.Records.Revisions(ctx)
	if err != nil {
		return nil, fault.Store(err)
	}
	known := map[string]uint64{}
	for _, one := range r.GetKnown() {
		known[one.GetAgency()] = one.GetRevision()
	}
	response := &caseworkv1.ReadPeopleResponse{Now: timestamppb.New(k.Clock.Now())}
	for agency, revision := range revisions {
		if known[agency] == revision {
			continue
		}
		read, err := k.read(ctx, agency)
		if err != nil {
			return nil, err
		}
		response.Changed = append(response.Changed, read.Stored)
	}
	return response, nil
}

// NoteSignIn records that a worker called.
func (k *Keeper) NoteSignIn(ctx context.Context, r *caseworkv1.NoteSignInRequest) (*caseworkv1.NoteSignInResponse, error) {
	party := r.GetParty()
	if err := k.Directory.Check(party, "party"); err != nil {
		return nil, err
	}
	noted := false
	_, err := k.change(ctx, party.GetAgency(), func(s stored) (put, error) {
		var record *caseworkv1.ColleagueRecord
		if record, noted = s.SignedIn(r, k.Clock.Now()); !noted {
			return put{}, nil
		}
		return put{kind: kindColleague, key: party.GetUnit() + "/" + party.GetWorker(), message: record}, nil
	})
	if err != nil || !noted {
		return &caseworkv1.NoteSignInResponse{}, err
	}
	after, err := k.read(ctx, party.GetAgency())
	return &caseworkv1.NoteSignInResponse{People: after.Stored}, err
}

// put is one change of a record; without a kind there is none. A nil message removes the record.
type put struct {
	kind, key string
	message   proto.Message
	// id of what was changed.
	id string
	// request is stored with it; nil for none.
	requestID string
	request   *caseworkv1.PeopleRequest
}

// change decides a change of an agency's people on what is stored, and stores it. If something else was
// stored meanwhile, it is decided again.
func (k *Keeper) change(ctx context.Context, agency string, decide func(stored) (put, error)) (string, error) {
	for range maxTries {
		s, err := k.read(ctx, agency)
		if err != nil {
			return "", err
		}
		change, err := decide(s)
		if err != nil || change.kind == "" {
			return change.id, err
		}
		records, err := s.records(agency, change, k.Clock.Now())
		if err != nil {
			return "", err
		}
		_, err = k.Records.PutRecords(ctx, records...)
		var conflict *journal.ConflictError
		if !errors.As(err, &conflict) {
			return change.id, fault.Store(err)
		}
	}
	return "", fault.New(fault.Busy, "too many changes at once").RetryAfter(time.Second)
}

// records are the records that a change writes: its own, that of its request, and those whose time is over.
func (s stored) records(agency string, change put, now time.Time) ([]journal.Record, error) {
	record := journal.Record{Agency: agency, Kind: change.kind, Key: change.key, Version: s.version(change.kind, change.key)}
	all := []journal.Record{record}
	if change.message != nil {
		body, err := proto.Marshal(change.message)
		if err != nil {
			return nil, fmt.Errorf("people: marshal: %w", err)
		}
		all[0].Body = body
	}
	if change.request != nil {
		body, err := proto.Marshal(change.request)
		if err != nil {
			return nil, fmt.Errorf("people: marshal: %w", err)
		}
		all = append(all, journal.Record{Agency: agency, Kind: kindRequest, Key: change.requestID, Body: body})
	}
	for _, old := range s.expired(now) {
		kind, key, _ := strings.Cut(old, "/")
		if kind != change.kind || key != change.key {
			all = append(all, journal.Record{Agency: agency, Kind: kind, Key: key, Version: s.versions[old]})
		}
	}
	return all, nil
}

// How long records are kept: requests as long as a caller may repeat them, duty for two years, an absence for
// three months after its end, and a colleague for twelve years after the last sign-in.
const (
	requestKept   = 7 * 24 * time.Hour
	dutyYears     = 2
	absenceMonths = 3
	staffYears    = 12
	// mostExpired is how many are removed with one change.
	mostExpired = 50
)

// expired returns records whose time is over, as "kind/key".
func (s stored) expired(now time.Time) (old []string) {
	add := func(is bool, kind, key string) {
		if is && len(old) < mostExpired {
			old = append(old, kind+"/"+key)
		}
	}
	for id, one := range s.requests {
		add(now.Sub(one.GetAt().AsTime()) > requestKept, kindRequest, id)
	}
	for _, one := range s.Stored.GetDuty() {
		add(one.GetWeek() < people.WeekOf(now.AddDate(-dutyYears, 0, 0)), kindDuty, one.GetUnit()+"/"+one.GetWeek())
	}
	for _, one := range s.Stored.GetAbsences() {
		add(one.GetTo() < people.DayOf(now.AddDate(0, -absenceMonths, 0)), kindAbsence, one.GetAbsenceId())
	}
	for _, one := range s.Stored.GetColleagues() {
		seen := one.GetLastSeenAt()
		add(seen != nil && seen.AsTime().Before(now.AddDate(-staffYears, 0, 0)), kindColleague, one.GetParty().GetUnit()+"/"+one.GetParty().GetWorker())
	}
	return old
}

// ChangePeople makes one change of the caller's agency.
func (k *Keeper) ChangePeople(ctx context.Context, r *caseworkv1.ChangePeopleRequest) (*caseworkv1.ChangePeopleResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only a worker or system of an agency can do this")
	}
	asked, err := k.asked(who, r)
	if err != nil {
		return nil, err
	}
	digest, err := k.AccessLog.Digest(caseworkv1.PeopleService_ChangePeople_FullMethodName, r)
	if err != nil {
		return nil, err
	}
	now := k.Clock.Now()
	if asked.client != "" {
		// Recorded first: the client sees it whatever comes of it.
		if err := k.AccessLog.Read(ctx, who, "", accesslog.Reading{Client: asked.client, Emergency: asked.newID}); err != nil {
			return nil, err
		}
	}
	id, err := k.change(ctx, who.Agency, func(s stored) (put, error) {
		if first := s.requests[asked.requestID]; first != nil {
			if string(first.GetDigest()) != string(digest) {
				return put{}, fault.New(fault.RequestIDReused, "this request_id was used for another request")
			}
			return put{id: first.GetId()}, nil
		}
		change, err := asked.decide(s, now)
		change.requestID, change.request = asked.requestID, &caseworkv1.PeopleRequest{Digest: digest, At: timestamppb.New(now), Id: change.id}
		return change, err
	})
	if err != nil {
		return nil, err
	}
	after, err := k.read(ctx, who.Agency)
	return &caseworkv1.ChangePeopleResponse{People: after.Stored, Id: id, Now: timestamppb.New(now)}, err
}

// asked is a change that a caller asks for.
type asked struct {
	requestID, newID string
	// client is the internal id of the client whose data an emergency reading opens; empty for another change.
	client string
	decide func(stored, time.Time) (put, error)
}

func (k *Keeper) asked(who identity.Caller, r *caseworkv1.ChangePeopleRequest) (asked, error) {
	a := asked{newID: k.NewID()}
	switch one := r.GetChange().(type) {
	case *caseworkv1.ChangePeopleRequest_Colleague:
		party := one.Colleague.GetColleague().GetParty()
		a.requestID = one.Colleague.GetRequestId()
		if party.GetAgency() != who.Agency {
			return a, fault.New(fault.UnknownParty, "this is no worker of your agency").Field("colleague.party.agency", "your agency")
		}
		if err := k.Directory.Check(party, "colleague.party"); err != nil {
			return a, err
		}
		a.decide = func(s stored, now time.Time) (put, error) {
			record, err := s.Put(who, one.Colleague, now)
			return put{kind: kindColleague, key: party.GetUnit() + "/" + party.GetWorker(), message: record}, err
		}
	case *caseworkv1.ChangePeopleRequest_Duty:
		a.requestID = one.Duty.GetRequestId()
		a.decide = func(s stored, now time.Time) (put, error) {
			record, err := s.Duty(who, one.Duty, now)
			return put{kind: kindDuty, key: one.Duty.GetUnit() + "/" + one.Duty.GetWeek(), message: record}, err
		}
	case *caseworkv1.ChangePeopleRequest_Absence:
		a.requestID = one.Absence.GetRequestId()
		a.decide = func(s stored, now time.Time) (put, error) {
			absence, id, err := s.Away(who, one.Absence, a.newID, now)
			change := put{kind: kindAbsence, key: id, id: id}
			if absence != nil {
				change.message = absence
			}
			return change, err
		}
	case *caseworkv1.ChangePeopleRequest_Open:
		return k.opens(who, one.Open, a)
	case *caseworkv1.ChangePeopleRequest_Review:
		a.requestID = one.Review.GetRequestId()
		a.decide = func(s stored, now time.Time) (put, error) {
			record, err := s.Review(who, one.Review, now)
			id := one.Review.GetEmergencyReadingId()
			return put{kind: kindEmergency, key: id, id: id, message: record}, err
		}
	}
	return a, nil
}

// opens returns an emergency reading that a worker asks for. What the rules refuse is refused before it is
// recorded.
func (k *Keeper) opens(who identity.Caller, r *caseworkv1.OpenEmergencyReadingRequest, a asked) (asked, error) {
	if !caller.IsPerson(who) {
		return a, fault.New(fault.RoleNotAllowed, "only a worker, or a system on behalf of one, can read in an emergency")
	}
	known, _ := k.Directory.Agency(who.Agency)
	if _, err := people.NewStaff(known, nil).Open(who, r, "", "", k.Clock.Now()); err != nil {
		return a, err
	}
	code, err := idcode.Parse(r.GetPersonalIdentityCode(), k.Persons, k.Clock.Now())
	if err != nil {
		return a, err
	}
	// The same request names the same reading, also where its first answer was lost.
	id, err := uuid.FromBytes(k.Secrets.Digest([]byte("emergency reading"), []byte(who.Agency), []byte(r.GetRequestId()))[:16])
	if err != nil {
		return a, fmt.Errorf("people: %w", err)
	}
	a.requestID, a.client, a.newID = r.GetRequestId(), k.Secrets.ClientID(code), id.String()
	a.decide = func(s stored, now time.Time) (put, error) {
		record, err := s.Open(who, r, a.client, a.newID, now)
		return put{kind: kindEmergency, key: a.newID, id: a.newID, message: record}, err
	}
	return a, nil
}
