// Package ground holds the grounds by law: who may send what to whom, on which provision and on which
// conditions. The grounds are the rows of a declarative file that is validated as a whole when it is
// read. Everything here is pure; the caller passes the time.
package ground

import (
	"slices"
	"time"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Table is a validated file of grounds. It does not change.
type Table struct {
	acceptWithoutKey bool
	attestations     map[string]map[string]string
	rows             []Row
}

// Row is one ground during one period. Callers must not change its lists and maps.
type Row struct {
	// Key names the ground. Several rows have it if the ground changed; their periods do not overlap.
	Key string
	// Ground and Provision are what is recorded of a message on this ground.
	Ground    commonv1.LegalGround
	Provision string
	// Senders and Receivers are kinds of the units between which Messages may go. A plan has no receiver.
	Senders, Receivers []caseworkv1.AgencyKind
	Messages           []string
	// Attest lists groups of attestation fields, by their JSON names. A person must attest one of each
	// group.
	Attest [][]string
	// MaxAge is the client's highest age, in full years on the day of sending; 0 for none.
	MaxAge int
	// Content is the most that may be sent.
	Content     commonv1.ContentProfile
	Prohibition commonv1.ProhibitionEffect
	// Due is nil if the ground sets no due time.
	Due *Due
	// Duty says that the law obliges the sender, and does not only permit.
	Duty bool
	// General says that the ground is offered only where no other ground on consent is lawful.
	General bool
	// From is the first day of the period in Helsinki, as "2026-11-30"; Until is the day after the last
	// one, empty for none.
	From, Until string
	// Source is the act as it was read.
	Source string
	// Reviewed is nil until a lawyer has accepted the row.
	Reviewed *Review
	// Doubts is what is open; empty for nothing.
	Doubts string
	// Names are for the worker, Client is what the client reads, both by language: fi, sv and en.
	Names, Client map[string]string
}

// Due is until when the receiver must decide.
type Due struct {
	// Receivers are the kinds for which it applies.
	Receivers []caseworkv1.AgencyKind
	// WorkingDays, and UrgentWorkingDays of what is urgent, are counted from CountsFrom.
	WorkingDays, UrgentWorkingDays int
	CountsFrom                     CountsFrom
	Provision, UrgentProvision     string
}

// Review is a lawyer's acceptance of a row.
type Review struct {
	By string
	// On is a day, as "2026-11-30".
	On string
}

// Use is one sending that needs a ground.
type Use struct {
	// Sender and Receiver are the kinds of the units. A plan has no receiver: AGENCY_KIND_UNSPECIFIED.
	Sender, Receiver caseworkv1.AgencyKind
	// Message is one of Messages.
	Message string
	// At is the domain's time of the sending.
	At time.Time
}

// AcceptsWithoutKey reports whether requests that name no key are accepted.
func (t *Table) AcceptsWithoutKey() bool { return t.acceptWithoutKey }

// AttestationNames returns how an attestation field, named as in Row.Attest, is called in each language;
// nil for an unknown field.
func (t *Table) AttestationNames(name string) map[string]string { return t.attestations[name] }

// Rows returns all rows of all periods, in the order of the file.
func (t *Table) Rows() []Row { return slices.Clone(t.rows) }

// Find returns the row that a key names at a time.
func (t *Table) Find(key string, at time.Time) (Row, bool) {
	day := dayOf(at)
	for _, row := range t.rows {
		if row.Key == key && row.inForce(day) {
			return row, true
		}
	}
	return Row{}, false
}

// Unreviewed returns the rows that no lawyer has accepted, one for each key, in the order of the file:
// the row in force, else the last one that has begun.
func (t *Table) Unreviewed(at time.Time) []Row {
	day := dayOf(at)
	var rows []Row
	for _, row := range t.rows {
		present := row
		for _, other := range t.rows {
			if other.Key == row.Key && other.From <= day && (other.From > present.From || present.From > day) {
				present = other
			}
		}
		if row.From == present.From && row.From <= day && row.Reviewed == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// Lawful returns the rows on which a message may go, in the order of the file. It leaves out the general
// row if there is another on consent.
func (t *Table) Lawful(use Use) []Row { return t.lawfulOn(dayOf(use.At), use) }

func (t *Table) lawfulOn(day string, use Use) []Row {
	var lawful []Row
	special := false
	for _, row := range t.rows {
		if row.inForce(day) && row.covers(use) {
			lawful = append(lawful, row)
			special = special || row.onConsent() && !row.General
		}
	}
	if special {
		lawful = slices.DeleteFunc(lawful, func(row Row) bool { return row.General })
	}
	return lawful
}

// inForce reports whether a day is in the row's period.
func (r Row) inForce(day string) bool { return r.From <= day && (r.Until == "" || day < r.Until) }

// covers reports whether the row names sender, receiver and message, at whatever time.
func (r Row) covers(use Use) bool {
	if !slices.Contains(r.Senders, use.Sender) || !slices.Contains(r.Messages, use.Message) {
		return false
	}
	if use.Message == Plan {
		return use.Receiver == caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED
	}
	return slices.Contains(r.Receivers, use.Receiver)
}

// LimitFor returns until when a receiver of a kind must decide; nil if the row does not limit it.
func (r Row) LimitFor(receiver caseworkv1.AgencyKind) *matter.Limit {
	if r.Due == nil || !slices.Contains(r.Due.Receivers, receiver) {
		return nil
	}
	return &matter.Limit{
		WorkingDays: r.Due.WorkingDays, UrgentWorkingDays: r.Due.UrgentWorkingDays, Provision: r.Due.Provision,
		UrgentProvision: r.Due.UrgentProvision, FromArrival: r.Due.CountsFrom == Arrival,
	}
}

func (r Row) onConsent() bool { return r.Ground == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT }

// dayOf returns the day of a time in Helsinki. Days compare as texts.
func dayOf(at time.Time) string { return at.In(matter.Helsinki()).Format(time.DateOnly) }
