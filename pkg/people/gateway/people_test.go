package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/people/gateway"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const agencies = `{"agencies":[
 {"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"units":[{"unit":"k","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"phone":"020 1"}],"noConsentProfile":"MINIMAL"},
 {"agency":"hva","kind":"SOCIAL_SERVICES","reading":"UNIT","names":{"fi":"H","sv":"V","en":"W"},"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"intake":true,"phone":"017 1"},{"unit":"b","names":{"fi":"B","sv":"B","en":"B"},"languages":["fi"]}],"noConsentProfile":"NECESSARY"}]}`

var noon = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// keeper answers as the service that keeps the people.
type keeper struct {
	people *caseworkv1.AgencyPeople
	down   bool
	noted  int
	// slow is called while a sign-in is recorded.
	slow func()
	// answer is what another call returns.
	answer proto.Message
}

func (k *keeper) Invoke(_ context.Context, method string, in, out any, _ ...grpc.CallOption) error {
	if k.down {
		return errors.New("down")
	}
	switch method {
	case caseworkv1.StaffService_ReadPeople_FullMethodName:
		answer := &caseworkv1.ReadPeopleResponse{Now: timestamppb.New(noon)}
		known := in.(*caseworkv1.ReadPeopleRequest).GetKnown() //nolint:forcetypeassert // of this method
		if len(known) == 0 || known[0].GetRevision() != k.people.GetRevision() {
			answer.Changed = append(answer.Changed, k.people)
		}
		proto.Merge(out.(proto.Message), answer) //nolint:forcetypeassert // of this method
	case caseworkv1.StaffService_NoteSignIn_FullMethodName:
		k.noted++
		if k.slow != nil {
			k.slow()
			r := in.(*caseworkv1.NoteSignInRequest) //nolint:forcetypeassert // of this method
			changed := proto.CloneOf(k.people)
			changed.Revision++
			changed.Colleagues = append(changed.Colleagues, &caseworkv1.ColleagueRecord{Party: r.GetParty(), SignedName: r.GetName(), LastSeenAt: timestamppb.New(noon)})
			proto.Merge(out.(proto.Message), &caseworkv1.NoteSignInResponse{People: changed}) //nolint:forcetypeassert // of this method
		}
	default:
		proto.Merge(out.(proto.Message), k.answer) //nolint:forcetypeassert // of the test
	}
	return nil
}

func (k *keeper) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return stream{answer: k.answer}, nil
}

// stream brings the same message again and again.
type stream struct {
	grpc.ClientStream

	answer proto.Message
}

func (s stream) RecvMsg(message any) error {
	proto.Merge(message.(proto.Message), s.answer) //nolint:forcetypeassert // of the test
	return nil
}

type fixture struct {
	*gateway.People

	keeper    *keeper
	directory *directory.Directory
	now       time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	by := &commonv1.Party{Agency: "hva", Unit: "a", Worker: "w-1"}
	f := &fixture{now: noon, directory: known, keeper: &keeper{people: &caseworkv1.AgencyPeople{
		Agency: "hva", Revision: 1,
		Colleagues: []*caseworkv1.ColleagueRecord{
			{Party: by, SignedName: "Anna A", LastSeenAt: timestamppb.New(noon), Put: &caseworkv1.Colleague{Phone: "044 1", Titles: []*caseworkv1.Title{{Language: "fi", Text: "x"}}}},
			{Party: &commonv1.Party{Agency: "hva", Unit: "a", Worker: "w-2"}, SignedName: "Bo B", LastSeenAt: timestamppb.New(noon), Put: &caseworkv1.Colleague{Unnamed: true, Phone: "044 2"}},
		},
		Duty:        []*caseworkv1.DutyRecord{{Unit: "b", Week: "2026-W48", Workers: []string{"w-1"}}},
		Emergencies: []*caseworkv1.EmergencyRecord{{EmergencyReadingId: "id", Client: "client", By: by, Until: timestamppb.New(noon.Add(time.Hour))}},
	}}}
	f.People = gateway.New(gateway.Config{Keeper: f.keeper, Directory: known, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return f.now }})
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func anna() identity.Caller {
	return identity.Caller{Agency: "hva", Unit: "a", Worker: "w-1", Role: identity.RoleSocialWorker, Name: "Anna A"}
}

// A page makes several calls at once. Each call of a worker whom nobody knew answers with the worker among the
// colleagues, and the sign-in is recorded once.
func TestFirstCallsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.keeper.slow = func() { time.Sleep(time.Second) } // synctest's clock
		who := anna()
		who.Worker, who.Name = "w-9", "Ulla Uusi"
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				f.Complete(t.Context(), who)
				staff, _, _ := f.Staff("hva")
				if !slices.ContainsFunc(staff.Colleagues("a", false, noon), func(one *caseworkv1.Colleague) bool { return one.GetParty().GetWorker() == "w-9" }) {
					t.Error("the worker's own call answers without the worker")
				}
			})
		}
		calls.Wait()
		if f.keeper.noted != 1 {
			t.Errorf("recorded %d times", f.keeper.noted)
		}
	})
}

// Rosters and emergency readings open nothing once the people could not be renewed for ten minutes, and names
// are then told to nobody. A store that is down refuses no call.
func TestStalePeopleOpenNothing(t *testing.T) {
	f := newFixture(t)
	if got := f.Complete(t.Context(), anna()); got.Duty != "b/2026-W48" || len(got.Emergency(noon)) != 1 {
		t.Fatalf("%+v", got)
	}
	f.keeper.down = true
	f.now = noon.Add(10*time.Minute - time.Second)
	if got := f.Complete(t.Context(), anna()); got.Duty == "" || got.Emergencies == "" {
		t.Errorf("after less than ten minutes: %+v", got)
	}
	f.now = noon.Add(10 * time.Minute)
	claiming := anna()
	claiming.Duty, claiming.Emergencies = "a/2026-W48", identity.Set(identity.Emergency{ID: "x", Client: "c", Until: noon.Add(time.Hour)}.String())
	for _, who := range []identity.Caller{anna(), claiming} {
		if got := f.Complete(t.Context(), who); got.Duty != "" || got.Emergencies != "" || got.Worker != "w-1" {
			t.Errorf("after ten minutes: %+v", got)
		}
	}
	if got := f.named(t, anna(), &commonv1.Party{Agency: "hva", Unit: "a", Worker: "w-1"}); got.GetReferral().GetSender().GetDisplayName() != "" {
		t.Errorf("named after ten minutes: %v", got)
	}
	f.keeper.down = false
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.Complete(t.Context(), anna()); got.Duty == "" {
		t.Error("nothing is open after the renewal")
	}
}

// What a token claims of duty and emergencies counts for nothing.
func TestCompleteReplacesClaims(t *testing.T) {
	f := newFixture(t)
	who := anna()
	who.Worker, who.Duty, who.Emergencies = "w-9", "a/2026-W48", identity.Set(identity.Emergency{ID: "x", Client: "c", Until: noon.Add(time.Hour)}.String())
	if got := f.Complete(t.Context(), who); got.Duty != "" || got.Emergencies != "" {
		t.Errorf("%+v", got)
	}
	if f.keeper.noted != 1 {
		t.Errorf("a new worker was recorded %d times", f.keeper.noted)
	}
	// A worker of another unit does not read by an emergency reading of this one.
	moved := anna()
	moved.Unit = "b"
	if got := f.Complete(t.Context(), moved); got.Emergencies != "" {
		t.Errorf("%+v", got)
	}
}

// named returns an answer that names a party, as a caller receives it.
func (f *fixture) named(t *testing.T, who identity.Caller, party *commonv1.Party) *referralv1.GetReferralResponse {
	t.Helper()
	f.keeper.down = false
	f.keeper.answer = &referralv1.GetReferralResponse{Referral: &referralv1.Referral{Sender: party}}
	answer := &referralv1.GetReferralResponse{}
	ctx := identity.WithCaller(t.Context(), who)
	if err := f.Naming(f.keeper).Invoke(ctx, referralv1.ReferralService_GetReferral_FullMethodName, &referralv1.GetReferralRequest{}, answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// A stream names people as answers do.
func TestStreamNames(t *testing.T) {
	f := newFixture(t)
	f.keeper.answer = &consultationv1.FollowResponse{Told: &consultationv1.ConverseResponse{Kind: &consultationv1.ConverseResponse_Typing{
		Typing: &commonv1.Party{Agency: "hva", Unit: "a", Worker: "w-1"},
	}}}
	ctx := identity.WithCaller(t.Context(), anna())
	opened, err := f.Naming(f.keeper).NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, consultationv1.ConsultationService_Follow_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	got := &consultationv1.FollowResponse{}
	if err := opened.RecvMsg(got); err != nil || got.GetTold().GetTyping().GetDisplayName() != "Anna A" {
		t.Errorf("%v, %v", got, err)
	}
}

// An unnamed worker is named inside the agency alone: another agency gets the key, the client the unit.
func TestNames(t *testing.T) {
	f := newFixture(t)
	kela, client := identity.Caller{Agency: "kela", Unit: "k", Worker: "k-1", Role: identity.RoleBenefitHandler}, identity.Caller{Role: identity.RoleClient, Client: "c"}
	for name, test := range map[string]struct {
		who                             identity.Caller
		worker                          string
		wantWorker, wantName, wantPhone string
	}{
		"own":              {anna(), "w-1", "w-1", "Anna A", "044 1"},
		"another agency":   {kela, "w-1", "w-1", "Anna A", "044 1"},
		"the client":       {client, "w-1", "w-1", "Anna A", "044 1"},
		"unnamed, own":     {anna(), "w-2", "w-2", "Bo B", "044 2"},
		"unnamed, another": {kela, "w-2", "w-2", "", "017 1"},
		"unnamed, client":  {client, "w-2", "", "", "017 1"},
		"nobody":           {anna(), "w-9", "w-9", "", "017 1"},
		"the unit":         {client, "", "", "", "017 1"},
	} {
		got := f.named(t, test.who, &commonv1.Party{Agency: "hva", Unit: "a", Worker: test.worker})
		party := got.GetReferral().GetSender()
		if party.GetWorker() != test.wantWorker || party.GetDisplayName() != test.wantName || len(got.GetContacts()) != 1 || got.GetContacts()[0].GetPhone() != test.wantPhone {
			t.Errorf("%s: %v, by %v", name, party, got.GetContacts())
		}
		if contact := got.GetContacts()[0]; test.wantName == "" && (contact.GetParty().GetDisplayName() != "" || len(contact.GetTitles()) != 0 || contact.GetParty().GetWorker() != "") {
			t.Errorf("%s: the contact names the worker: %v", name, contact)
		}
	}
}

// A system acts only for colleagues who have not left, where the directory asks so. For whom it is refused is
// not recorded as a colleague. Who just became a colleague is found at once, and while it is not known who
// they are, nobody is admitted.
func TestColleaguesOnly(t *testing.T) {
	f := newFixture(t)
	known, err := directory.Parse([]byte(strings.Replace(agencies, `"reading":"UNIT"`, `"onBehalfOf":[{"system":"strict","colleaguesOnly":true}],"reading":"UNIT"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	f.directory.Replace(known)
	for _, one := range f.keeper.people.GetColleagues() {
		if one.GetParty().GetWorker() == "w-2" {
			one.Put.Left = true
		}
	}
	f.keeper.people.Revision++
	if err := f.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	acting := func(system, worker string) identity.Caller {
		return identity.Caller{Agency: "hva", Unit: "a", Worker: worker, Role: identity.RoleSocialWorker, System: true, SystemSubject: system}
	}
	alone := identity.Caller{Agency: "hva", Role: identity.RoleSystem, System: true, SystemSubject: "strict"}
	person := identity.Caller{Agency: "hva", Unit: "a", Worker: "w-8", Role: identity.RoleSocialWorker}
	elsewhere := acting("strict", "w-1")
	elsewhere.Unit = "b"
	admitted := func(who identity.Caller) fault.Reason {
		t.Helper()
		_, err := f.Admit(t.Context(), who)
		return fault.ReasonOf(err)
	}
	for name, test := range map[string]struct {
		who  identity.Caller
		want fault.Reason
	}{
		"a colleague": {acting("strict", "w-1"), ""}, "one of another unit": {elsewhere, ""}, "a stranger": {acting("strict", "w-9"), fault.OnBehalfNotAllowed},
		"one who left": {acting("strict", "w-2"), fault.OnBehalfNotAllowed}, "another system": {acting("loose", "w-7"), ""},
		"the system itself": {alone, ""}, "a person": {person, ""},
	} {
		noted := f.keeper.noted
		if got := admitted(test.who); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
		if test.want != "" && f.keeper.noted != noted {
			t.Errorf("%s is recorded as a colleague", name)
		}
	}
	if got, err := f.Admit(t.Context(), acting("strict", "w-1")); err != nil || got.Duty != "b/2026-W48" {
		t.Errorf("a colleague is not completed: %+v, %v", got, err)
	}
	f.keeper.people = proto.CloneOf(f.keeper.people)
	f.keeper.people.Colleagues = append(f.keeper.people.Colleagues, &caseworkv1.ColleagueRecord{Party: &commonv1.Party{Agency: "hva", Unit: "a", Worker: "w-9"}})
	f.keeper.people.Revision++
	if got := admitted(acting("strict", "w-9")); got != "" {
		t.Errorf("a new colleague: %q", got)
	}
	f.keeper.down = true
	for worker, want := range map[string]fault.Reason{"w-1": "", "w-10": fault.Unavailable} {
		if got := admitted(acting("strict", worker)); got != want {
			t.Errorf("while the store is down, %s: %q", worker, got)
		}
	}
	f.now = f.now.Add(11 * time.Minute)
	if got := admitted(acting("strict", "w-1")); got != fault.Unavailable {
		t.Errorf("a stale copy: %q", got)
	}
	if got := admitted(acting("loose", "w-1")); got != "" {
		t.Errorf("a stale copy refuses a system that is not limited: %q", got)
	}
}
