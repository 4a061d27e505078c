// Package gateway holds a copy of the people of all agencies in the gateway, serves them, tells the services
// what follows for a caller's reading, and names people in answers.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// renewEvery is how often the copy is renewed.
	renewEvery = time.Second
	// renewWithin bounds one renewal, and a record of a sign-in: neither holds up a caller for longer.
	renewWithin = 2 * time.Second
	// trustedFor is how long a copy counts that cannot be renewed. After that nobody reads by a roster or in
	// an emergency, and nobody is named.
	trustedFor = 10 * time.Minute
	// dutyBehind is how far back weeks of duty are told to the services, which decide by their own clock.
	dutyBehind = 21 * 24 * time.Hour
	// noteAgain is after what time a sign-in that could not be recorded is tried again.
	noteAgain = 30 * time.Second
)

// People is the gateway's copy of the people of all agencies.
type People struct {
	config Config

	mu sync.Mutex
	// agencies are the people as they were read last; renewed is when, by the wall clock, and now the
	// domain's time then.
	agencies     map[string]*caseworkv1.AgencyPeople
	renewed, now time.Time
	// tried is when a caller last tried the first renewal.
	tried time.Time
	// staff is built at the first use after a renewal, as the directory may have changed.
	staff map[string]people.Staff
	// noted are the sign-ins that were recorded or tried, with when.
	noted map[signIn]time.Time

	// noting lets the calls of a worker that come at once wait for one record of the sign-in, so that each answers
	// with the worker among the colleagues.
	noting singleflight.Group
}

// Config configures People. All fields are required.
type Config struct {
	// Keeper is the connection to the service that keeps the people.
	Keeper    grpc.ClientConnInterface
	Directory *directory.Directory
	Logger    *slog.Logger
	// Now returns the wall clock time.
	Now func() time.Time
}

// signIn is what is recorded of a worker's call once a day.
type signIn struct {
	agency, unit, worker, name string
	profession                 identity.Role
	leader                     bool
	day                        string
}

// New returns a copy that is empty until Run or Renew.
func New(config Config) *People {
	return &People{config: config, agencies: map[string]*caseworkv1.AgencyPeople{}, staff: map[string]people.Staff{}, noted: map[signIn]time.Time{}}
}

// Run renews the copy until the context ends.
func (p *People) Run(ctx context.Context) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	failing := false
	for {
		err := p.Renew(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			p.config.Logger.WarnContext(ctx, "the people of the agencies cannot be renewed", slog.String("error", err.Error()))
		}
		failing = err != nil
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Renew reads what has changed.
func (p *People) Renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	request := &caseworkv1.ReadPeopleRequest{}
	p.mu.Lock()
	for agency, known := range p.agencies {
		request.Known = append(request.Known, &caseworkv1.ReadPeopleRequest_Known{Agency: agency, Revision: known.GetRevision()})
	}
	p.mu.Unlock()
	began := p.config.Now()
	read, err := caseworkv1.NewStaffServiceClient(p.config.Keeper).ReadPeople(ctx, request)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, changed := range read.GetChanged() {
		p.take(changed)
	}
	p.renewed, p.now, p.staff = began, read.GetNow().AsTime(), map[string]people.Staff{}
	return nil
}

// take keeps an agency's people unless newer ones are known.
func (p *People) take(changed *caseworkv1.AgencyPeople) {
	if known := p.agencies[changed.GetAgency()]; known == nil || known.GetRevision() <= changed.GetRevision() {
		p.agencies[changed.GetAgency()] = changed
		delete(p.staff, changed.GetAgency())
	}
}

// Took keeps an agency's people as a change left them.
func (p *People) Took(changed *caseworkv1.AgencyPeople) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(changed)
}

// Staff returns the people of an agency and the domain's time, and whether they count: after trustedFor
// without a renewal they do not.
func (p *People) Staff(agency string) (staff people.Staff, now time.Time, counts bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts = !p.renewed.IsZero() && p.config.Now().Sub(p.renewed) < trustedFor
	staff, built := p.staff[agency]
	if !built {
		known, _ := p.config.Directory.Agency(agency)
		known.Key = agency
		stored := p.agencies[agency]
		if stored == nil {
			stored = &caseworkv1.AgencyPeople{Agency: agency}
		}
		staff = people.NewStaff(known, stored)
		p.staff[agency] = staff
	}
	return staff, p.now, counts
}

// Admit is Complete, and refuses a system that acts for a worker whom the agency's colleagues do not include,
// where the directory asks for that. While it is not known who they are, nobody is admitted.
func (p *People) Admit(ctx context.Context, who identity.Caller) (identity.Caller, error) {
	if who.System && caller.IsPerson(who) && p.config.Directory.OnBehalf(who.Agency, who.SystemSubject).ColleaguesOnly {
		if err := p.colleague(ctx, who); err != nil {
			return who, err
		}
	}
	return p.Complete(ctx, who), nil
}

// colleague refuses a worker who is no colleague of the agency, or has left.
func (p *People) colleague(ctx context.Context, who identity.Caller) error {
	staff, _, counts := p.Staff(who.Agency)
	if counts && staff.Works(who.Unit, who.Worker) {
		return nil
	}
	// Another gateway process may just have recorded the worker.
	if err := p.Renew(ctx); err != nil {
		return fault.New(fault.Unavailable, "it is not known at present who the agency's colleagues are")
	}
	if staff, _, _ = p.Staff(who.Agency); !staff.Works(who.Unit, who.Worker) {
		return fault.New(fault.OnBehalfNotAllowed, "the worker is none of your agency's colleagues, or has left")
	}
	return nil
}

// Complete records that a worker called, and adds to the caller the rosters and emergency readings that its
// reading rests on. A failing store refuses no call.
func (p *People) Complete(ctx context.Context, who identity.Caller) identity.Caller {
	who.Duty, who.Emergencies = "", ""
	if !caller.IsPerson(who) {
		return who
	}
	if p.isFirst() {
		// Before the first renewal nobody would be on any roster. A failure leaves it so.
		_ = p.Renew(ctx)
	}
	p.note(ctx, who)
	staff, now, counts := p.Staff(who.Agency)
	if !counts {
		return who
	}
	who.Duty = identity.SetOf(staff.DutyOf(who.Worker, people.WeekOf(now.Add(-dutyBehind)))...)
	var readings []string
	for _, one := range staff.Stored.GetEmergencies() {
		if staff.Directory.ByUnit && one.GetBy().GetWorker() == who.Worker && one.GetBy().GetUnit() == who.Unit && one.GetUntil().AsTime().After(now) {
			readings = append(readings, identity.Emergency{ID: one.GetEmergencyReadingId(), Client: one.GetClient(), Until: one.GetUntil().AsTime()}.String())
		}
	}
	who.Emergencies = identity.SetOf(readings...)
	return who
}

// isFirst reports whether the copy was never renewed, and no caller tried it a moment ago: a service that is
// down holds up one call in renewEvery.
func (p *People) isFirst() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	if !p.renewed.IsZero() || now.Sub(p.tried) < renewEvery {
		return false
	}
	p.tried = now
	return true
}

// note records that a worker called, once a day and whenever its token says something new.
func (p *People) note(ctx context.Context, who identity.Caller) {
	if who.Unit == "" {
		return
	}
	staff, now, _ := p.Staff(who.Agency)
	request := &caseworkv1.NoteSignInRequest{
		Party: &commonv1.Party{Agency: who.Agency, Unit: who.Unit, Worker: who.Worker}, Name: who.Name,
		Profession: string(who.Acts()), Leader: who.Role == identity.RoleTeamLeader,
	}
	if !who.Acts().IsProfession() {
		request.Profession = ""
	}
	if _, changed := staff.SignedIn(request, now); !changed {
		return
	}
	at := signIn{who.Agency, who.Unit, who.Worker, who.Name, who.Acts(), request.GetLeader(), people.DayOf(now)}
	_, _, _ = p.noting.Do(fmt.Sprintf("%#v", at), func() (any, error) {
		if p.mayNote(at) {
			p.signedIn(ctx, request)
		}
		return nil, nil
	})
}

// mayNote reports whether a sign-in was not tried a moment ago, and counts it as tried.
func (p *People) mayNote(at signIn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.config.Now()
	for old, when := range p.noted {
		if now.Sub(when) >= noteAgain {
			delete(p.noted, old)
		}
	}
	if _, is := p.noted[at]; is {
		return false
	}
	p.noted[at] = now
	return true
}

// signedIn records a sign-in.
func (p *People) signedIn(ctx context.Context, request *caseworkv1.NoteSignInRequest) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewWithin)
	defer cancel()
	noted, err := caseworkv1.NewStaffServiceClient(p.config.Keeper).NoteSignIn(within, request)
	if err != nil {
		p.config.Logger.WarnContext(ctx, "a worker's sign-in was not recorded", slog.String("agency", request.GetParty().GetAgency()), slog.String("error", err.Error()))
		return
	}
	if noted.GetPeople() != nil {
		p.Took(noted.GetPeople())
	}
}

// SharesOut reports whether a caller shares out the work of a unit: it leads the unit, or is on duty in it this
// week.
func (p *People) SharesOut(who identity.Caller, unit string) bool {
	staff, now, counts := p.Staff(who.Agency)
	return counts && who.Worker != "" && (slices.Contains(staff.Leads(who), unit) || slices.Contains(staff.Week(unit, people.WeekOf(now)).GetWorkers(), who.Worker))
}

// own reports whether an agency is the caller's.
func own(who identity.Caller, agency string) bool { return who.Agency == agency && agency != "" }

// languages are those of titles.
var languages = []string{"fi", "sv", "en"}

func titles(of *caseworkv1.Colleague) map[string]string {
	all := map[string]string{}
	for _, title := range of.GetTitles() {
		if slices.Contains(languages, title.GetLanguage()) && title.GetText() != "" {
			all[title.GetLanguage()] = title.GetText()
		}
	}
	return all
}
