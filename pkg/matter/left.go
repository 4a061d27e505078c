package matter

import (
	"google.golang.org/protobuf/proto"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// DiscloseNotice returns a notice as a reader may see it, given the reader's view so far; false if
// the reader may not see it. All parties see the same, and of other parties the agency only. A
// reader that had left the matter sees what concerns its own copy: it may not know who joined later
// or what the others acknowledge (621/1999 § 24). Apart is Notice.LeftApart of the matter's notice:
// before that field existed all readers saw all acknowledgements, and the mailboxes count those
// messages.
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

// holdersFor returns the holders that a reader may see.
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
