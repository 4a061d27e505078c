// Package matter holds what all four services share about matters. Every function is pure; the
// caller passes the time.
//
// Read in this order: event.go and head.go (what a matter is), reader.go and history.go (who sees
// how much of it), command.go, step.go and table.go (who may take which step, when, and what it
// records), draft.go (how it is recorded), disclosure.go (what is disclosed to whom), status.go,
// urgency.go and overdue.go (whose turn it is, and until when), notice.go, revocation.go and
// withdrawal.go (how copies are removed), room.go (size limits).
package matter
