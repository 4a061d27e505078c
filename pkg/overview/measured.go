package overview

import (
	"sync"
	"time"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
)

// Metrics have few label values, whatever callers call themselves: an agency of the directory or
// "other", and two readers for each mailbox: Koppi's own, which calls the agency's endpoint, and
// the agency's, of which the one furthest behind counts.
const (
	unlisted   = "other"
	readerOwn  = "own"
	readerCall = "callback"
)

// listed returns an agency as metrics name it: "other" if the directory does not have it; empty
// stays empty.
func (o *Overview) listed(agency string) string {
	if _, known := o.Directory.Agency(agency); agency == "" || known {
		return agency
	}
	return unlisted
}

// measured returns the open matters under the names of metrics.
func (o *Overview) measured(open []journal.OpenMatters) []journal.OpenMatters {
	type label struct {
		waitingOn string
		phase     int32
	}
	at, all := map[label]int{}, make([]journal.OpenMatters, 0, len(open))
	for _, matters := range open {
		matters.WaitingOn = o.listed(matters.WaitingOn)
		of := label{matters.WaitingOn, matters.Phase}
		i, known := at[of]
		if !known {
			at[of], all = len(all), append(all, matters)
			continue
		}
		all[i].Streams, all[i].Overdue = all[i].Streams+matters.Streams, all[i].Overdue+matters.Overdue
		all[i].Untouched += matters.Untouched
		if matters.Oldest.Before(all[i].Oldest) {
			all[i].Oldest = matters.Oldest
		}
	}
	return all
}

// untouchedBy is whose turn it is in urgent matters that nobody has touched, and how urgent they
// are.
type untouchedBy struct {
	waitingOn string
	urgency   int32
}

// untouched returns the counts of untouched urgent matters under the names of metrics.
func (o *Overview) untouched(counted []journal.Untouched) map[untouchedBy]int64 {
	all := map[untouchedBy]int64{}
	for _, one := range counted {
		all[untouchedBy{o.listed(one.WaitingOn), one.Urgency}] += one.Streams
	}
	return all
}

// reportedUntouched remembers the label values reported so far, so that a count that falls to zero is
// reported as zero.
type reportedUntouched struct {
	mu sync.Mutex
	of map[untouchedBy]bool
}

// with returns the counts, and zero for every label value reported before that has none now.
func (u *reportedUntouched) with(counted map[untouchedBy]int64) map[untouchedBy]int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	for of := range counted {
		u.of[of] = true
	}
	for of := range u.of {
		counted[of] += 0
	}
	return counted
}

// mailboxReader is a mailbox reader as metrics name it.
type mailboxReader struct{ agency, reader string }

// lag is how far behind a mailbox reader is.
type lag struct {
	behind uint64
	age    time.Duration
}

// lags returns the lag of every reader.
func (o *Overview) lags(readers []journal.ReaderLag, now time.Time) map[mailboxReader]lag {
	all := map[mailboxReader]lag{}
	for _, reader := range readers {
		of := mailboxReader{o.listed(reader.Agency), readerOwn}
		if reader.Consumer == mailbox.CallbackConsumer {
			of.reader = readerCall
		}
		worst := all[of]
		all[of] = lag{max(worst.behind, reader.Behind()), max(worst.age, age(reader, now))}
	}
	return all
}
