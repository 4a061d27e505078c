package service

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// maxConsents is the most entries in one list.
const maxConsents = 1000

// ReadConsents lists the consents of a client on which this service's matters rest, newest first,
// as the caller may know them. Each is recorded as a reading.
func (k internalAPI[S]) ReadConsents(ctx context.Context, read *caseworkv1.ReadConsentsRequest) (*caseworkv1.ReadConsentsResponse, error) {
	r := read.GetConsents()
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	query, err := k.clientQuery(who, r.GetClientId(), r.GetPurpose())
	if err != nil {
		return nil, err
	}
	standings, err := k.Store.WorklistEntries(ctx, query)
	if err != nil {
		return nil, fault.Store(err)
	}
	slices.SortFunc(standings, func(a, b journal.WorklistEntry) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.Subject, b.Subject))
	})
	response, page := &caseworkv1.ReadConsentsResponse{}, mailbox.Page{}
	readings := []Reading{{Client: query.Client}}
	standings = slices.DeleteFunc(standings, func(one journal.WorklistEntry) bool { return !isBehindConsent(one, read.GetAfter()) })
	for part := range slices.Chunk(standings, readAtOnce) {
		all, err := k.readableEvents(ctx, Subjects(part)...)
		if err != nil {
			return nil, err
		}
		for i, events := range all {
			history := k.fold(events)
			view := k.viewOf(who, history)
			if head := view.State.Common(); !head.RestsOnConsent() || head.IsRevoked() {
				continue
			}
			consent := k.consent(who, query.Client, view)
			if response.More = len(response.GetConsents()) == maxConsents || !page.Takes(consent); response.GetMore() {
				break
			}
			response.Consents = append(response.Consents, consent)
			response.Places = append(response.Places, &caseworkv1.ConsentPlace{StartedAt: timestamppb.New(part[i].StartedAt), Subject: part[i].Subject})
			readings = append(readings, readingOf(history.State))
		}
		if response.GetMore() {
			break
		}
	}
	if err := k.tellClientWho(ctx, who, response.GetConsents()); err != nil {
		return nil, err
	}
	return response, k.RecordReading(ctx, who, cmp.Or(r.GetPurpose(), "consents"), readings...)
}

// isBehindConsent tells whether a matter comes after a place in the list of consents: it began
// earlier, or at the same time with a later name.
func isBehindConsent(row journal.WorklistEntry, place *caseworkv1.ConsentPlace) bool {
	if place == nil {
		return true
	}
	return cmp.Or(place.GetStartedAt().AsTime().Compare(row.StartedAt), cmp.Compare(row.Subject, place.GetSubject())) > 0
}

// clientQuery returns the query for a client's matters: all of them if the caller is the client,
// else those of the caller's agency.
func (k *Kernel[S]) clientQuery(who identity.Caller, client, purpose string) (journal.Query, error) {
	query := journal.Query{Agency: who.Agency, WithHidden: true}
	switch {
	case who.Role == identity.RoleClient && client != "":
		return query, fault.New(fault.InvalidField, "a person's own matters name no client").Field("client_id", "leave empty")
	case who.Role == identity.RoleClient:
		// Each matter has one sender, and so one worklist entry here.
		return journal.Query{Client: who.Client, Role: journal.RoleSender, WithHidden: true}, nil
	case !IsParty(who):
		return query, fault.New(fault.RoleNotAllowed, "this is read by an agency's worker or system, or by the person")
	case client == "":
		return query, fault.New(fault.InvalidField, "say whose").Field("client_id", "required")
	case purpose == "":
		return query, fault.New(fault.InvalidField, "a search by client needs a purpose").Field("purpose", "required with client_id")
	}
	var ok bool
	if query.Client, ok = k.Secrets.InternalID(identity.KindClient, who.Agency, client); !ok {
		return query, fault.New(fault.UnknownClient, "your agency has no matter of this client").Field("client_id", "unknown to your agency")
	}
	return query, nil
}

// history folds all events of a subject; it returns the zero history if the subject was erased.
func (k *Kernel[S]) history(ctx context.Context, subject string) (matter.History[S], error) {
	events, err := k.Engine.Events(ctx, subject)
	if err != nil {
		return matter.History[S]{}, err
	}
	return k.fold(events), nil
}

// fold returns the history that all events of a subject make; the zero history if there are none.
func (k *Kernel[S]) fold(events []matter.Event) matter.History[S] {
	if len(events) == 0 {
		return matter.History[S]{}
	}
	return k.config.Rules.Fold(events, false)
}

// viewOf returns a subject as it has been disclosed to the caller.
func (k *Kernel[S]) viewOf(who identity.Caller, history matter.History[S]) matter.View[S] {
	if who.Role == identity.RoleClient {
		return k.config.Rules.ForClient(history.Events)
	}
	return history.Views[who.Agency]
}

// consent returns the consent on which a subject rests, as it has been disclosed to the caller. An
// agency that has left reads the recipients up to that time. Client is the internal id by which the
// caller found the consent; empty if the caller named the subject only.
func (k *Kernel[S]) consent(who identity.Caller, client string, view matter.View[S]) *consentv1.Consent {
	head, agency := view.State.Common(), who.Agency
	if who.Role == identity.RoleClient {
		agency = clientNames
	}
	consent := &consentv1.Consent{
		Subject: head.Subject, Service: k.config.Rules.Service, CaseId: k.Engine.Pseudonyms.CaseName(agency, head.Case),
		GivenTo: matter.AgencyAlone(head.Sender, agency), Recipients: k.recipients(view),
		Provision: head.Basis.GetProvision(), GivenAt: head.Basis.GetConsentedAt(),
	}
	if inner := cmp.Or(head.Client, client); inner != "" {
		consent.ClientId = k.Engine.Pseudonyms.ClientName(agency, inner)
	}
	if w := head.Withdrawal; head.IsWithdrawn() {
		consent.Withdrawal = &consentv1.Withdrawal{
			At: timestamppb.New(w.At), ByClient: w.ByClient, By: matter.AgencyAlone(w.By, agency), DueAt: timestamppb.New(w.Due),
			Overdue: w.Overdue && len(w.Pending()) > 0,
		}
		for _, one := range w.Holders {
			holder := &consentv1.Withdrawal_Holder{Agency: one}
			if at, done := w.Acknowledged[one]; done {
				holder.AcknowledgedAt = timestamppb.New(at)
			}
			consent.Withdrawal.Holders = append(consent.Withdrawal.Holders, holder)
		}
	}
	return consent
}

// recipients returns, sorted by name, the agencies to which the subject is or was disclosed as far
// as a view shows it, including the reader's own.
func (k *Kernel[S]) recipients(view matter.View[S]) []string {
	head := view.State.Common()
	told := append([]string{view.Reader.Agency, head.Withdrawal.By.GetAgency()}, head.Withdrawal.Holders...)
	for _, reader := range k.config.Rules.Readers(view.State, head.IsWithdrawn()) {
		told = append(told, reader.Agency)
	}
	slices.Sort(told)
	return slices.DeleteFunc(slices.Compact(told), func(agency string) bool { return agency == "" })
}

// RecordWithdrawal withdraws the consent on which a matter rests. When it returns, everything that
// was disclosed on it has been removed from every mailbox.
func (k internalAPI[S]) RecordWithdrawal(ctx context.Context, record *caseworkv1.RecordWithdrawalRequest) (*caseworkv1.RecordWithdrawalResponse, error) {
	r := record.GetWithdrawal()
	consent, err := k.onConsent(ctx, r, r.GetSubject(), func(who identity.Caller, world matter.World[S], at time.Time) ([]matter.Event, error) {
		history := world.Subjects[r.GetSubject()]
		withdrawn, err := matter.WithdrawConsent(history.State.Common(), k.config.Rules.Readers(history.State, false), who.Agency, who.Role == identity.RoleClient, at)
		if err != nil {
			return nil, err
		}
		return k.config.Rules.Withdrawal(world, Actor(who), r.GetSubject(), withdrawn, at), nil
	})
	if err != nil {
		return nil, err
	}
	if err := k.overdue(ctx, r.GetSubject(), k.Now()); err != nil {
		return nil, err
	}
	history, err := k.history(ctx, r.GetSubject())
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.RecordWithdrawalResponse{Consent: consent}
	response.Withdrawals, err = k.withdrawalsOf(ctx, history.State.Common().Client)
	return response, err
}

// RecordAcknowledgement records that the caller's agency has handled its copy.
func (k internalAPI[S]) RecordAcknowledgement(
	ctx context.Context, record *caseworkv1.RecordAcknowledgementRequest,
) (*caseworkv1.RecordAcknowledgementResponse, error) {
	r := record.GetAcknowledgement()
	consent, err := k.onConsent(ctx, r, r.GetSubject(), func(who identity.Caller, world matter.World[S], at time.Time) ([]matter.Event, error) {
		head := world.State(r.GetSubject()).Common()
		message, err := matter.AcknowledgeWithdrawal(head, who.Agency)
		if err != nil {
			return nil, err
		}
		event := matter.ByClock(head, at, message)
		event.By = Actor(who).Party()
		return []matter.Event{event}, nil
	})
	return &caseworkv1.RecordAcknowledgementResponse{Consent: consent}, err
}

// onConsent runs a command on the consent of a subject.
func (k internalAPI[S]) onConsent(
	ctx context.Context, r Request, subject string, decided func(identity.Caller, matter.World[S], time.Time) ([]matter.Event, error),
) (*consentv1.Consent, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	if who.Role != identity.RoleClient && !IsParty(who) {
		return nil, fault.New(fault.RoleNotAllowed, "a consent is withdrawn by the client, or by an agency that the client told")
	}
	access, digest, err := k.AccessOf(ctx, who, r)
	if err != nil {
		return nil, err
	}
	result, err := k.Engine.Handle(ctx, k.noting(command.Command[S]{
		Agency: who.Agency, Client: who.Client, Holders: true, Subject: subject, RequestID: r.GetRequestId(), Digest: digest, Access: access,
		Decide: func(world matter.World[S], at time.Time) ([]matter.Event, error) { return decided(who, world, at) },
	}))
	if err != nil {
		return nil, err
	}
	return k.consent(who, "", k.viewOf(who, result.History)), nil
}

// addressee returns the agency to which a request sends something.
func addressee(r proto.Message) string {
	for _, name := range []string{"receiver", "addressee", "participant", "party"} {
		field := r.ProtoReflect().Descriptor().Fields().ByTextName(name)
		if field == nil || field.Message() == nil || field.Message().FullName() != partyName {
			continue
		}
		if party, ok := r.ProtoReflect().Get(field).Message().Interface().(*commonv1.Party); ok {
			return party.GetAgency()
		}
	}
	return ""
}
