package keeper_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/people/keeper"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const agencies = `{"agencies":[{"agency":"hva","kind":"SOCIAL_SERVICES","reading":"UNIT","names":{"fi":"H","sv":"V","en":"W"},
 "units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"intake":true}],"noConsentProfile":"NECESSARY"}]}`

type stopped struct{ at time.Time }

func (s *stopped) Now() time.Time { return s.at }

func newKeeper(t *testing.T) (*keeper.Keeper, *stopped) {
	t.Helper()
	folder := t.TempDir()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "j.db"), KeysPath: filepath.Join(folder, "k.db"), KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	clock := &stopped{time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	return &keeper.Keeper{
		Records: store, Directory: known, Secrets: secrets, Clock: clock, NewID: uuid.NewString, Persons: idcode.AllPersons,
		AccessLog: &accesslog.Recorder{Store: store, Secrets: secrets, Clock: clock},
	}, clock
}

func as(t *testing.T, who identity.Caller) context.Context {
	t.Helper()
	return identity.WithCaller(grpc.NewContextWithServerTransportStream(t.Context(), called{}), who)
}

// called is a call of ChangePeople.
type called struct{ grpc.ServerTransportStream }

func (called) Method() string { return caseworkv1.PeopleService_ChangePeople_FullMethodName }

func system() identity.Caller {
	return identity.Caller{Agency: "hva", Role: identity.RoleSystem, System: true, SystemSubject: "s"}
}

func put(request, worker, phone string) *caseworkv1.ChangePeopleRequest {
	return &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Colleague{Colleague: &caseworkv1.PutColleagueRequest{
		RequestId: request, Colleague: &caseworkv1.Colleague{Party: &commonv1.Party{Agency: "hva", Unit: "a", Worker: worker}, Phone: phone},
	}}}
}

// The same request has one effect, another one under its id is refused, and changes at once are all made.
func TestRequests(t *testing.T) {
	k, _ := newKeeper(t)
	id := uuid.NewString()
	for range 2 {
		if _, err := k.ChangePeople(as(t, system()), put(id, "w-1", "1 1")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.ChangePeople(as(t, system()), put(id, "w-1", "2 2")); fault.ReasonOf(err) != fault.RequestIDReused {
		t.Errorf("another request under the id: %v", err)
	}
	var together sync.WaitGroup
	for i := range 8 {
		together.Go(func() {
			if _, err := k.ChangePeople(as(t, system()), put(uuid.NewString(), fmt.Sprintf("w-%d", i), "3 3")); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	read, err := k.ReadPeople(t.Context(), &caseworkv1.ReadPeopleRequest{})
	if err != nil || len(read.GetChanged()) != 1 || len(read.GetChanged()[0].GetColleagues()) != 8 {
		t.Fatalf("%v %v", read, err)
	}
	same := &caseworkv1.ReadPeopleRequest{Known: []*caseworkv1.ReadPeopleRequest_Known{{Agency: "hva", Revision: read.GetChanged()[0].GetRevision()}}}
	if again, err := k.ReadPeople(t.Context(), same); err != nil || len(again.GetChanged()) != 0 {
		t.Errorf("what has not changed is read again: %v %v", again, err)
	}
}

// An emergency reading that is asked for twice is one, and what the rules refuse is not recorded.
func TestEmergencyIsOpenedOnce(t *testing.T) {
	k, _ := newKeeper(t)
	nurse := identity.Caller{Agency: "hva", Unit: "a", Worker: "w-1", Role: identity.RoleSocialWorker}
	open := &caseworkv1.OpenEmergencyReadingRequest{
		RequestId: uuid.NewString(), PersonalIdentityCode: "030694W9024", Reason: caseworkv1.EmergencyReason_EMERGENCY_REASON_CLIENT_PRESENT, Explanation: "x",
	}
	ask := &caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Open{Open: open}}
	first, err := k.ChangePeople(as(t, nurse), ask)
	if err != nil {
		t.Fatal(err)
	}
	again, err := k.ChangePeople(as(t, nurse), ask)
	if err != nil || again.GetId() != first.GetId() || len(again.GetPeople().GetEmergencies()) != 1 {
		t.Errorf("%v %v", again, err)
	}
	if _, err := k.ChangePeople(as(t, system()), ask); fault.ReasonOf(err) != fault.RoleNotAllowed {
		t.Errorf("a system opens: %v", err)
	}
	open.RequestId, open.PersonalIdentityCode = uuid.NewString(), "030694W902"
	if _, err := k.ChangePeople(as(t, nurse), ask); fault.ReasonOf(err) != fault.InvalidIdentityCode {
		t.Errorf("by half a code: %v", err)
	}
}

// Records go with the next change once their time is over.
func TestExpiry(t *testing.T) {
	k, clock := newKeeper(t)
	change := func(r *caseworkv1.ChangePeopleRequest) *caseworkv1.AgencyPeople {
		t.Helper()
		changed, err := k.ChangePeople(as(t, system()), r)
		if err != nil {
			t.Fatal(err)
		}
		return changed.GetPeople()
	}
	change(put(uuid.NewString(), "w-1", "1 1"))
	change(&caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Duty{Duty: &caseworkv1.SetDutyRequest{RequestId: uuid.NewString(), Unit: "a", Week: "2026-W48", Workers: []string{"w-1"}}}})
	people := change(&caseworkv1.ChangePeopleRequest{Change: &caseworkv1.ChangePeopleRequest_Absence{Absence: &caseworkv1.SetAbsenceRequest{RequestId: uuid.NewString(), Worker: "w-1", From: "2026-11-23", To: "2026-11-24"}}})
	if len(people.GetDuty()) != 1 || len(people.GetAbsences()) != 1 {
		t.Fatal(people)
	}
	clock.at = clock.at.AddDate(0, 3, 1)
	if people = change(put(uuid.NewString(), "w-2", "1 1")); len(people.GetAbsences()) != 1 {
		t.Errorf("three months after its last day but one: %v", people)
	}
	clock.at = clock.at.AddDate(0, 0, 2)
	if people = change(put(uuid.NewString(), "w-2", "1 2")); len(people.GetAbsences()) != 0 || len(people.GetDuty()) != 1 {
		t.Errorf("after three months: %v", people)
	}
	clock.at = clock.at.AddDate(2, 0, 0)
	if people = change(put(uuid.NewString(), "w-2", "1 3")); len(people.GetDuty()) != 0 || len(people.GetColleagues()) != 2 {
		t.Errorf("after two years: %v", people)
	}
}
