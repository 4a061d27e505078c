package loop

import (
	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// DiscloseNotice is what a reader is told of a notice, given its view so far; false where it
// is told nothing. Every party is told alike, and of others the agency alone. Who had left
// is told what concerns its own copy: who came later, and what the others acknowledge, it
// may not know (621/1999 § 24). Apart is Notice.LeftApart of the subject's notice: before
// it there was, what others acknowledge was told to all, and the mailboxes count it.
func DiscloseNotice(view Head, e Event, reader Reader, apart bool) (Event, bool) {
	e.By = AgencyAlone(e.By, reader.Agency)
	own := e.By.GetAgency() == reader.Agency
	told := !reader.Left || !apart || own
	switch m := e.Message.(type) {
	case *commonv1.ConsentWithdrawn:
		m = proto.CloneOf(m)
		m.LeftApart, m.Holders = false, holdersFor(m.GetHolders(), reader)
		e.Message, told = m, true
	case *commonv1.EnteredInError:
		m = proto.CloneOf(m)
		m.LeftApart, m.Holders = false, holdersFor(m.GetHolders(), reader)
		e.Message, told = m, true
	case *commonv1.WithdrawalOverdue:
		m = proto.CloneOf(m)
		m.Holders = holdersFor(m.GetHolders(), reader)
		e.Message, told = m, told || len(m.GetHolders()) > 0
	case *commonv1.RevocationOverdue:
		m = proto.CloneOf(m)
		m.Holders = holdersFor(m.GetHolders(), reader)
		e.Message, told = m, told || len(m.GetHolders()) > 0
	}
	if reader.Left && apart && !own && e.By.GetAgency() != view.Sender.GetAgency() {
		e.By = nil
	}
	return e, told
}

// holdersFor are the holders of whom a reader is told.
func holdersFor(holders []string, reader Reader) []string {
	if !reader.Left {
		return holders
	}
	var own []string
	for _, holder := range holders {
		if holder == reader.Agency {
			own = append(own, holder)
		}
	}
	return own
}
