package consent

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/duetime"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// maxConsents is the most entries in one list.
const maxConsents = 1000

// Consents serves the consents on which the matters of one service rest. S is their state.
type Consents[S matter.State] struct {
	Service     string
	Book        *Book
	Matters     *reading.Matters[S]
	Engine      *command.Engine[S]
	Store       journal.Store
	Withdrawals *Withdrawals[S]
	Actions     *duetime.Actions[S]
	AccessLog   *accesslog.Recorder
}

// ReadConsents lists the consents of a client on which this service's matters rest, newest first,
// as the caller may know them. Each is recorded as a reading.
func (c *Consents[S]) ReadConsents(ctx context.Context, read *caseworkv1.ReadConsentsRequest) (*caseworkv1.ReadConsentsResponse, error) {
	r := read.GetConsents()
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	query, err := c.Matters.Scopes.ClientQuery(c.Book.Secrets, who, r.GetClientId(), r.GetPurpose())
	if err != nil {
		return nil, err
	}
	entries, err := c.Store.WorklistEntries(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	slices.SortFunc(entries, func(a, b journal.WorklistEntry) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.Subject, b.Subject))
	})
	response, page := &caseworkv1.ReadConsentsResponse{}, mailbox.Page{}
	readings := []accesslog.Reading{{Client: query.Client}}
	entries = slices.DeleteFunc(entries, func(one journal.WorklistEntry) bool { return !isBehindConsent(one, read.GetAfter()) })
	for part := range slices.Chunk(entries, reading.AtOnce) {
		all, err := c.Engine.ReadableEvents(ctx, reading.Subjects(part)...)
		if err != nil {
			return nil, err
		}
		for i, events := range all {
			history := c.Engine.Rules.HistoryOf(events)
			view := c.Matters.View(who, history)
			if !c.hasConsent(view) {
				continue
			}
			consent := c.consent(who, query.Client, view)
			if response.More = len(response.GetConsents()) == maxConsents || !page.Takes(consent); response.GetMore() {
				break
			}
			response.Consents = append(response.Consents, consent)
			response.Places = append(response.Places, &caseworkv1.ConsentPlace{StartedAt: timestamppb.New(part[i].StartedAt), Subject: part[i].Subject})
			readings = append(readings, c.Matters.Reading(who, history.State, view))
		}
		if response.GetMore() {
			break
		}
	}
	if err := c.nameWithdrawers(ctx, who, response.GetConsents()); err != nil {
		return nil, err
	}
	return response, c.AccessLog.Read(ctx, who, cmp.Or(r.GetPurpose(), "consents"), readings...)
}

// hasConsent reports whether something of a matter rests or rested on the client's consent, as far as a
// view shows it.
func (c *Consents[S]) hasConsent(view matter.View[S]) bool {
	head, consents := view.State.Common(), c.Engine.Rules.ConsentsOf(view.State)
	switch {
	case head.IsRevoked():
		return false
	case consents.Apart:
		return len(consents.Members)+len(head.Withdrawals()) > 0
	default:
		return head.RestsOnConsent() || len(head.Departures) > 0
	}
}

// isBehindConsent tells whether a matter comes after a place in the list of consents: it began
// earlier, or at the same time with a later name.
func isBehindConsent(row journal.WorklistEntry, place *caseworkv1.ConsentPlace) bool {
	if place == nil {
		return true
	}
	return cmp.Or(place.GetStartedAt().AsTime().Compare(row.StartedAt), cmp.Compare(row.Subject, place.GetSubject())) > 0
}

// consent returns the consent on which a subject rests, as it has been disclosed to the caller. An
// agency that has left reads the recipients up to that time. Client is the internal id by which the
// caller found the consent; empty if the caller named the subject only.
func (c *Consents[S]) consent(who identity.Caller, client string, view matter.View[S]) *consentv1.Consent {
	head, consents, agency := view.State.Common(), c.Engine.Rules.ConsentsOf(view.State), who.Agency
	if who.Role == identity.RoleClient {
		agency = caller.ClientNames
	}
	consent := &consentv1.Consent{
		Subject: head.Subject, Service: c.Service, CaseId: c.Engine.Pseudonyms.CaseName(agency, head.Case),
		GivenTo: matter.AgencyAlone(head.Sender, agency), Recipients: c.recipients(view),
		Withdrawal: withdrawalOf(head, consents, agency),
	}
	// The view of an agency that left by a withdrawal does not hold the basis on which it took part.
	basis, isKnown := cmp.Or(consents.First, head.Basis), consents.Apart || len(head.Departures) == 0
	if isKnown && matter.OnConsent(basis) {
		consent.Provision, consent.GivenAt = basis.GetProvision(), basis.GetConsentedAt()
	}
	if internal := cmp.Or(head.Client, client); internal != "" {
		consent.ClientId = c.Engine.Pseudonyms.ClientName(agency, internal)
	}
	return consent
}

// withdrawalOf returns the progress of a withdrawal as a view shows it to an agency; nil if there was
// none. Several are shown as the last one, with the holders of all. An agency that has since been
// invited on a new consent, and has acknowledged, is no holder.
func withdrawalOf(head matter.Head, consents matter.Consents, agency string) *consentv1.Withdrawal {
	all := head.Withdrawals()
	if len(all) == 0 {
		return nil
	}
	last := all[len(all)-1]
	shown := &consentv1.Withdrawal{
		At: timestamppb.New(last.At), ByClient: last.ByClient, By: matter.AgencyAlone(last.By, agency), DueAt: timestamppb.New(last.Due),
	}
	listed := map[string]*consentv1.Withdrawal_Holder{}
	for _, one := range all {
		shown.Overdue = shown.GetOverdue() || one.Overdue && len(one.Pending()) > 0
		for _, name := range one.Holders {
			if listed[name] == nil {
				listed[name] = &consentv1.Withdrawal_Holder{Agency: name}
				shown.Holders = append(shown.Holders, listed[name])
			}
			listed[name].AcknowledgedAt = nil
			if at, done := one.Acknowledged[name]; done {
				listed[name].AcknowledgedAt = timestamppb.New(at)
			}
		}
	}
	shown.Holders = slices.DeleteFunc(shown.Holders, func(holder *consentv1.Withdrawal_Holder) bool {
		_, stands := consents.Of(holder.GetAgency())
		return stands && holder.GetAcknowledgedAt() != nil
	})
	if len(shown.GetHolders()) == 0 && len(consents.Members) > 0 {
		return nil
	}
	return shown
}

// recipients returns, sorted by name, the agencies to which the subject is or was disclosed as far
// as a view shows it, including the reader's own. Where each has it on a consent of its own, they are
// those whose consent stands, or, if none does, those whose consent was withdrawn.
func (c *Consents[S]) recipients(view matter.View[S]) []string {
	head, consents := view.State.Common(), c.Engine.Rules.ConsentsOf(view.State)
	var agencies []string
	for _, one := range consents.Members {
		agencies = append(agencies, one.Agency)
	}
	if len(agencies) == 0 {
		for _, one := range head.Withdrawals() {
			agencies = append(agencies, one.Holders...)
		}
		if !consents.Apart {
			agencies = append(agencies, view.Reader.Agency, head.Withdrawal.By.GetAgency())
			for _, reader := range c.Engine.Rules.Readers(view.State, head.IsWithdrawn()) {
				agencies = append(agencies, reader.Agency)
			}
		}
	}
	slices.Sort(agencies)
	return slices.DeleteFunc(slices.Compact(agencies), func(agency string) bool { return agency == "" })
}

// RecordWithdrawal withdraws the consent on which a matter rests. When it returns, everything that
// was disclosed on it has been removed from every mailbox.
func (c *Consents[S]) RecordWithdrawal(ctx context.Context, record *caseworkv1.RecordWithdrawalRequest) (*caseworkv1.RecordWithdrawalResponse, error) {
	r := record.GetWithdrawal()
	consent, err := c.onConsent(ctx, r, r.GetSubject(), func(who identity.Caller, world matter.World[S], at time.Time) ([]matter.Event, error) {
		if who.Role != identity.RoleClient && !world.Subjects[r.GetSubject()].Related(who.Agency) {
			return nil, caller.NotFound() // it left, and may only acknowledge
		}
		w := matter.Withdrawing{ByClient: who.Role == identity.RoleClient, At: at}
		if r.GetAgency() != "" {
			if !c.Engine.Rules.ConsentsOf(world.State(r.GetSubject())).Apart {
				return nil, fault.New(fault.InvalidField, "the consent carries the whole matter").Field("agency", "leave empty for this matter")
			}
			w.Of = func(one matter.Consented) bool { return one.Agency == r.GetAgency() }
		}
		return c.Engine.Rules.WithdrawConsent(world, caller.Actor(who), r.GetSubject(), w)
	})
	if err != nil {
		return nil, err
	}
	if err := c.Actions.Overdue(ctx, r.GetSubject(), c.Engine.Now()); err != nil {
		return nil, err
	}
	history, err := c.Engine.History(ctx, r.GetSubject())
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.RecordWithdrawalResponse{Consent: consent}
	response.Withdrawals, err = c.Withdrawals.sealedOf(ctx, history.State.Common().Client)
	return response, err
}

// RecordAcknowledgement records that the caller's agency has handled its copy.
func (c *Consents[S]) RecordAcknowledgement(
	ctx context.Context, record *caseworkv1.RecordAcknowledgementRequest,
) (*caseworkv1.RecordAcknowledgementResponse, error) {
	r := record.GetAcknowledgement()
	consent, err := c.onConsent(ctx, r, r.GetSubject(), func(who identity.Caller, world matter.World[S], at time.Time) ([]matter.Event, error) {
		head := world.State(r.GetSubject()).Common()
		message, err := matter.AcknowledgeWithdrawal(head, who.Agency)
		if err != nil {
			return nil, err
		}
		event := matter.ByClock(head, at, message)
		event.By = caller.Actor(who).Party()
		return []matter.Event{event}, nil
	})
	return &caseworkv1.RecordAcknowledgementResponse{Consent: consent}, err
}

// onConsent runs a command on the consent of a subject.
func (c *Consents[S]) onConsent(
	ctx context.Context, r write, subject string, decided func(identity.Caller, matter.World[S], time.Time) ([]matter.Event, error),
) (*consentv1.Consent, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if who.Role != identity.RoleClient && !caller.IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "only the client, or an agency that the client informed, can withdraw a consent")
	}
	access, digest, err := c.AccessLog.Write(ctx, who, r)
	if err != nil {
		return nil, err
	}
	result, err := command.Handle(ctx, c.Engine, command.Command[S, command.None]{
		Target: command.Target{
			Agency: who.Agency, Client: who.Client, Scope: c.Matters.Scopes.Of(who), Holders: true, Subject: subject, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		},
		Decide: func(world matter.World[S], _ command.None, at time.Time) ([]matter.Event, error) {
			return decided(who, world, at)
		},
		Authorise: c.Withdrawals.Authorise,
	})
	if err != nil {
		return nil, err
	}
	return c.consent(who, "", c.Matters.View(who, result.History)), nil
}

// nameWithdrawers adds, for the client only, which agency's directive in the client's name ended a
// consent.
func (c *Consents[S]) nameWithdrawers(ctx context.Context, who identity.Caller, consents []*consentv1.Consent) error {
	unnamed := func(one *consentv1.Consent) bool {
		return one.GetWithdrawal() != nil && one.GetWithdrawal().GetBy() == nil && !one.GetWithdrawal().GetByClient()
	}
	if who.Role != identity.RoleClient || !slices.ContainsFunc(consents, unnamed) {
		return nil
	}
	found, err := c.Book.of(ctx, who.Client)
	if err != nil {
		return err
	}
	for _, one := range consents {
		if unnamed(one) {
			one.Withdrawal.By = matter.UnitAlone(found.history.State.WhoWithdrew(one.GetSubject()))
		}
	}
	return nil
}
