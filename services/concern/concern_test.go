package concern_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/service"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	"koppi.internal/services/concern"
)

const agencies = `{"agencies":[
 {"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"]}],"noConsentProfile":"MINIMAL"},
 {"agency":"hva","kind":"SOCIAL_SERVICES","names":{"fi":"H","sv":"V","en":"W"},"units":[{"unit":"b","names":{"fi":"B","sv":"B","en":"B"},"languages":["fi"],"intake":true}],"noConsentProfile":"NECESSARY"},
 {"agency":"third","kind":"SOCIAL_SERVICES","names":{"fi":"T","sv":"T","en":"T"},"units":[{"unit":"c","names":{"fi":"C","sv":"C","en":"C"},"languages":["fi"],"intake":true}],"noConsentProfile":"NECESSARY"}]}`

// faulty is a real store that fails to append on request.
type faulty struct {
	*sqlite.Store
	broken atomic.Bool
	// breaks makes it fail once keys were destroyed.
	breaks atomic.Bool
	// path of the journal.
	path string
}

func (f *faulty) Erase(ctx context.Context, subject string, classes ...journal.Class) error {
	err := f.Store.Erase(ctx, subject, classes...)
	if f.breaks.Load() {
		f.broken.Store(true)
	}
	return err
}

func (f *faulty) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if f.broken.Load() {
		return journal.Appended{}, errors.New("disk full")
	}
	return f.Store.Append(ctx, batch)
}

func start(t testing.TB, changes ...func(*service.Deps)) (*tested, *faulty) {
	t.Helper()
	folder := t.TempDir()
	kek, err := seal.OpenKEK(filepath.Join(folder, "kek.json"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "c.db")
	files := sqlite.Config{Path: path, KeysPath: filepath.Join(folder, "k.db"), KEK: kek}
	store, err := sqlite.Open(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(folder)
	if err != nil {
		t.Fatal(err)
	}
	known, err := directory.Parse([]byte(agencies))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// An append whose caller has gone is carried out nevertheless: the journal is at rest once it
		// is closed.
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		atRest, err := sqlite.Open(context.Background(), files)
		if err != nil {
			t.Error(err)
			return
		}
		report, err := journal.Fsck(context.Background(), atRest)
		if err := errors.Join(err, report.Err(), atRest.Close()); err != nil {
			t.Error(err)
		}
	})
	f := &faulty{Store: store, path: path}
	grounds, err := ground.Open("")
	if err != nil {
		t.Fatal(err)
	}
	deps := service.Deps{
		Store: f, Settings: store, Counters: store, Notices: store, AccessLog: store, Log: store, Overviews: store, Records: store, Directory: known, Grounds: grounds.Grounds, Secrets: secrets, Clock: clock.System(), Notify: &notify.Hub{},
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() }, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Persons: idcode.AllPersons,
	}
	for _, change := range changes {
		change(&deps)
	}
	service, err := concern.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	return serve(service), f
}

// called is the transport of a call, which names the method.
type called struct{ grpc.ServerTransportStream }

func (called) Method() string { return "/koppi.concern.v1.ConcernService/Tested" }

func as(t testing.TB, agency, unit, worker string, role identity.Role) context.Context {
	ctx := grpc.NewContextWithServerTransportStream(t.Context(), called{})
	return identity.WithCaller(ctx, identity.Caller{Agency: agency, Unit: unit, Worker: worker, Role: role})
}

func kela(t *testing.T) context.Context {
	return as(t, "kela", "a", "kela-17", identity.RoleBenefitHandler)
}

func hva(t testing.TB) context.Context { return as(t, "hva", "b", "ps-21", identity.RoleSocialWorker) }

func report() *concernv1.SubmitConcernRequest {
	return &concernv1.SubmitConcernRequest{
		RequestId: uuid.NewString(), Receiver: &commonv1.Party{Agency: "hva"}, Urgency: commonv1.Urgency_URGENCY_NORMAL,
		Client: &commonv1.Client{
			Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: "010594Y9032"}, Language: "fi",
			Details: &commonv1.ClientDetails{GivenNames: "Testi", Phones: []string{"040"}, NonDisclosure: true},
		},
		Basis: &commonv1.LegalBasis{
			Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: "1301/2014 § 35.1", ConsentedAt: &timestamppb.Timestamp{Seconds: 1_700_000_000},
		},
		Topics: []concernv1.Topic{concernv1.Topic_TOPIC_OTHER},
	}
}

func submitted(t *testing.T, service *tested, r *concernv1.SubmitConcernRequest) *concernv1.Concern {
	t.Helper()
	response, err := service.SubmitConcern(kela(t), r)
	if err != nil {
		t.Fatal(err)
	}
	return response.GetConcern()
}

// A request_id has one effect, however often it is sent at once, and every repetition gets the first
// answer, whatever happens later.
func TestRequestIDHasOneEffect(t *testing.T) {
	service, store := start(t)
	r := report()
	answers := make(chan *concernv1.Concern, 16)
	var wg sync.WaitGroup
	for range cap(answers) {
		wg.Go(func() {
			response, err := service.SubmitConcern(kela(t), r)
			if err != nil {
				t.Error(err)
				return
			}
			answers <- response.GetConcern()
		})
	}
	wg.Wait()
	close(answers)
	first := <-answers
	for answer := range answers {
		if !proto.Equal(first, answer) {
			t.Fatalf("the answers differ:\n%v\n%v", first, answer)
		}
	}
	if _, err := service.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: first.GetConcernId()}); err != nil {
		t.Fatal(err)
	}
	if again := submitted(t, service, r); !proto.Equal(first, again) {
		t.Errorf("the first answer has changed:\n%v\n%v", first, again)
	}
	heads, err := store.Positions(t.Context(), "kela")
	if err != nil || heads["kela"].Sequence != 2 {
		t.Errorf("%v %v", heads, err)
	}
}

// If many workers take one concern at once, one succeeds; the others are refused with the allowed
// steps.
func TestConcurrentTakesHaveOneWinner(t *testing.T) {
	service, _ := start(t)
	id := submitted(t, service, report()).GetConcernId()
	var won, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ctx := as(t, "hva", "b", fmt.Sprintf("ps-%02d", i), identity.RoleSocialWorker)
			_, err := service.TakeConcern(ctx, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
			switch {
			case err == nil:
				won.Add(1)
			case fault.ReasonOf(err) == fault.IllegalStep:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || refused.Load() != 15 {
		t.Errorf("%d won, %d were refused", won.Load(), refused.Load())
	}
}

// Reports about one client at once have one lead.
func TestConcurrentReportsJoinOneLead(t *testing.T) {
	service, _ := start(t)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := service.SubmitConcern(kela(t), report()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := service.ListConcerns(hva(t), &concernv1.ListConcernsRequest{})
	if err != nil || len(list.GetConcerns()) != 1 || len(list.GetConcerns()[0].GetJoinedConcernIds()) != 11 {
		t.Errorf("%d in the worklist (%v)", len(list.GetConcerns()), err)
	}
}

// A reading that cannot be recorded is refused.
func TestReadingFailsClosed(t *testing.T) {
	service, store := start(t)
	id := submitted(t, service, report()).GetConcernId()
	store.broken.Store(true)
	defer store.broken.Store(false)
	ctx := hva(t)
	for name, read := range map[string]func() error{
		"concern": func() error {
			_, err := service.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: id})
			return err
		},
		"client": func() error { _, err := service.GetClient(ctx, &concernv1.GetClientRequest{ConcernId: id}); return err },
		"list":   func() error { _, err := service.ListConcerns(ctx, &concernv1.ListConcernsRequest{}); return err },
	} {
		if err := read(); fault.ReasonOf(err) != fault.Unavailable {
			t.Errorf("%s is shown although the reading is not recorded: %v", name, err)
		}
	}
}

// Every reading is recorded with its reader, matter and method, without the name of a person.
func TestReadingsAreRecorded(t *testing.T) {
	service, store := start(t)
	id := submitted(t, service, report()).GetConcernId()
	if _, err := service.GetConcern(hva(t), &concernv1.GetConcernRequest{ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	if _, err := service.GetClient(hva(t), &concernv1.GetClientRequest{ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	var purposes []string
	for access, err := range store.RawAccesses(t.Context()) {
		by := &commonv1.Party{}
		if err := errors.Join(err, proto.Unmarshal(access.By, by)); err != nil {
			t.Fatal(err)
		}
		if access.Subject != "concerns/"+id || access.Client == "" || access.Method != "koppi.concern.v1.ConcernService/Tested" {
			t.Errorf("%+v", access)
		}
		purposes = append(purposes, by.GetWorker()+" "+access.Purpose)
	}
	if got := fmt.Sprint(purposes); got != "[kela-17  ps-21  ps-21 identity]" {
		t.Error(got)
	}
}

// A non-disclosure for safety hides contact data from all but the responsible agency.
func TestNonDisclosure(t *testing.T) {
	service, _ := start(t)
	id := submitted(t, service, report()).GetConcernId()
	phones := func(ctx context.Context) int {
		client, err := service.GetClient(ctx, &concernv1.GetClientRequest{ConcernId: id})
		if err != nil || client.GetPersonalIdentityCode() != "010594Y9032" {
			t.Fatal(err)
		}
		return len(client.GetDetails().GetPhones())
	}
	if phones(hva(t)) != 0 || phones(kela(t)) != 1 {
		t.Error("before the receipt only the reporter, which is responsible, sees contact data")
	}
	if _, err := service.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	if phones(hva(t)) != 1 || phones(kela(t)) != 0 {
		t.Error("once it is taken only the receiver, which is responsible, sees contact data")
	}
}

// An agency names a known client by its own pseudonym; the pseudonyms of others are unknown.
func TestClientPseudonyms(t *testing.T) {
	service, _ := start(t)
	first := submitted(t, service, report())
	r := report()
	r.Client = &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: first.GetClientId()}}
	r.CaseId = first.GetCaseId()
	second := submitted(t, service, r)
	if second.GetClientId() != first.GetClientId() || second.GetCaseId() != first.GetCaseId() || second.GetJoinedConcernId() != first.GetConcernId() {
		t.Errorf("%v", second)
	}
	if client, err := service.GetClient(kela(t), &concernv1.GetClientRequest{ConcernId: second.GetConcernId()}); err != nil || client.GetPersonalIdentityCode() != "010594Y9032" {
		t.Errorf("%v %v", client, err)
	}
	seen, err := service.GetConcern(hva(t), &concernv1.GetConcernRequest{ConcernId: first.GetConcernId()})
	if err != nil || seen.GetConcern().GetClientId() == first.GetClientId() || seen.GetConcern().GetCaseId() == first.GetCaseId() {
		t.Errorf("two agencies have the same pseudonym for a client or case: %v %v", seen, err)
	}
	r.RequestId, r.Client = uuid.NewString(), &commonv1.Client{Identity: &commonv1.Client_ClientId{ClientId: seen.GetConcern().GetClientId()}}
	if _, err := service.SubmitConcern(kela(t), r); fault.ReasonOf(err) != fault.UnknownClient {
		t.Errorf("another agency's pseudonym is accepted: %v", err)
	}
}

// The pages of a worklist hold each concern once.
func TestPages(t *testing.T) {
	service, _ := start(t)
	for range 7 {
		r := report()
		r.Client = &commonv1.Client{Details: &commonv1.ClientDetails{FamilyName: "Nimi"}}
		submitted(t, service, r)
	}
	seen, r := map[string]bool{}, &concernv1.ListConcernsRequest{PageSize: 3}
	for pages := 1; ; pages++ {
		list, err := service.ListConcerns(hva(t), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.GetConcerns() {
			seen[c.GetConcernId()] = true
		}
		if list.GetNextPageToken() == "" {
			if pages != 3 || len(seen) != 7 {
				t.Errorf("%d pages, %d concerns", pages, len(seen))
			}
			return
		}
		r.PageToken = list.GetNextPageToken()
		other := &concernv1.ListConcernsRequest{PageToken: r.GetPageToken(), OverdueOnly: true}
		if _, err := service.ListConcerns(hva(t), other); fault.ReasonOf(err) != fault.InvalidPageToken {
			t.Errorf("the token of another list is accepted: %v", err)
		}
	}
}

// A concern is delivered if the system of the other agency has acknowledged the last message that both
// were shown.
func TestDelivered(t *testing.T) {
	service, store := start(t)
	id := submitted(t, service, report()).GetConcernId()
	delivered := func() bool {
		got, err := service.GetConcern(kela(t), &concernv1.GetConcernRequest{ConcernId: id})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetConcern().GetStatus().GetDelivered()
	}
	if delivered() {
		t.Error("delivered before any acknowledgement")
	}
	if _, err := store.Advance(t.Context(), journal.Advance{Agency: "hva", Consumer: "main", Sequence: 1, At: clock.System().Now()}); err != nil {
		t.Fatal(err)
	}
	if !delivered() {
		t.Error("not delivered although the receiver's system has acknowledged it")
	}
	if _, err := service.ReceiveConcern(hva(t), &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id}); err != nil {
		t.Fatal(err)
	}
	if delivered() {
		t.Error("delivered before the receipt is acknowledged")
	}
}
