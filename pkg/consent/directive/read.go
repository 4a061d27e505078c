package directive

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// Reader is a reader of directives.
type Reader struct {
	// Agency is empty for the client, who reads all.
	Agency string
	// ClientName is the client's pseudonym for the reader.
	ClientName string
	// Party tells whether the reader may know of a matter, by its subject.
	Party func(subject string) bool
}

// For returns the directives that a reader may know. An agency reads what it recorded or did itself
// and the consents that it may cite, but not what the client told another agency. The client reads
// everything, with agencies and units but without workers.
func (w Directives) For(r Reader) *consentv1.Wishes {
	out := &consentv1.Wishes{}
	for _, c := range w.Consents {
		if r.Agency == "" || mayCite(c, r.Agency) {
			c = proto.CloneOf(c)
			c.ClientId, c.CitedIn, c.Withdrawn = r.ClientName, r.known(c.GetCitedIn()), r.known(c.GetWithdrawn())
			c.By, c.WithdrawnBy = r.shown(c.GetBy()), r.shown(c.GetWithdrawnBy())
			out.Consents = append(out.Consents, c)
		}
	}
	for _, p := range w.Prohibitions {
		if r.own(p.GetBy()) {
			p = proto.CloneOf(p)
			p.ClientId, p.Withdrawn, p.Continuing = r.ClientName, r.known(p.GetWithdrawn()), r.known(p.GetContinuing())
			p.By, p.LiftedBy = r.shown(p.GetBy()), r.shown(p.GetLiftedBy())
			out.Prohibitions = append(out.Prohibitions, p)
		}
	}
	for _, b := range w.Blocked {
		// That a sending passed the prohibition is for the client alone.
		if r.own(b.GetBy()) && (r.Agency == "" || !b.GetSent()) {
			b = proto.CloneOf(b)
			b.By = r.shown(b.GetBy())
			out.Blocked = append(out.Blocked, b)
		}
	}
	for _, o := range w.Overrides {
		if r.own(o.GetRequestedBy()) {
			o = proto.CloneOf(o)
			o.ClientId, o.RequestedBy, o.DecidedBy = r.ClientName, r.shown(o.GetRequestedBy()), r.shown(o.GetDecidedBy())
			out.Overrides = append(out.Overrides, o)
		}
	}
	for _, one := range w.Waiting {
		if r.own(one.GetRecordedBy()) {
			one = proto.CloneOf(one)
			one.ClientId, one.RecordedBy, one.DecidedBy = r.ClientName, r.shown(one.GetRecordedBy()), r.shown(one.GetDecidedBy())
			out.Waiting = append(out.Waiting, one)
		}
	}
	return out
}

// Actors returns the parties that recorded directives, requested overrides or sent what was stopped; nil for
// the client.
func (w Directives) Actors() (all []*commonv1.Party) {
	for _, one := range w.Consents {
		all = append(all, one.GetBy())
	}
	for _, one := range w.Prohibitions {
		all = append(all, one.GetBy())
	}
	for _, one := range w.Blocked {
		all = append(all, one.GetBy())
	}
	for _, one := range w.Overrides {
		all = append(all, one.GetRequestedBy())
	}
	for _, one := range w.Waiting {
		all = append(all, one.GetRecordedBy())
	}
	return all
}

// WhoWithdrew returns the party whose directive, recorded in the client's name, ended the consent
// of a matter; nil if there is none.
func (w Directives) WhoWithdrew(subject string) *commonv1.Party {
	for _, p := range w.Prohibitions {
		if slices.Contains(p.GetWithdrawn(), subject) {
			return p.GetBy()
		}
	}
	for _, c := range w.Consents {
		if slices.Contains(c.GetWithdrawn(), subject) {
			return c.GetWithdrawnBy()
		}
	}
	return nil
}

// own tells whether the reader is the client, or belongs to the agency that acted.
func (r Reader) own(by *commonv1.Party) bool { return r.Agency == "" || by.GetAgency() == r.Agency }

// shown returns a party as the reader may know it.
func (r Reader) shown(by *commonv1.Party) *commonv1.Party {
	if r.Agency == "" {
		return matter.UnitAlone(by)
	}
	return matter.AgencyAlone(by, r.Agency)
}

func (r Reader) known(subjects []string) []string {
	return slices.DeleteFunc(slices.Clone(subjects), func(subject string) bool { return !r.Party(subject) })
}

// Of returns only the directive that has the id, with what a confirmed one lifted or withdrew.
func Of(w *consentv1.Wishes, id string) *consentv1.Wishes {
	out := &consentv1.Wishes{}
	if c := find(w.GetConsents(), id); c != nil {
		out.Consents = append(out.Consents, c)
	}
	if p := find(w.GetProhibitions(), id); p != nil {
		out.Prohibitions = append(out.Prohibitions, p)
	}
	if o := find(w.GetOverrides(), id); o != nil {
		out.Overrides = append(out.Overrides, o)
	}
	if one := find(w.GetWaiting(), id); one != nil {
		out.Waiting = append(out.Waiting, one)
		if id := one.GetLift() + one.GetWithdraw(); one.GetConfirmed() && id != "" {
			done := Of(w, id)
			out.Consents, out.Prohibitions = done.GetConsents(), done.GetProhibitions()
		}
	}
	return out
}
