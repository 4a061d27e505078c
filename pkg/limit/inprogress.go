package limit

import (
	"sync"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// workerShare divides an agency's limit of concurrent calls: one worker may have 1/workerShare of it.
	workerShare = 8
	// workerStreams is the most streams, such as open pages, of one worker.
	workerStreams = 32
	// endTime is how long a refused caller should wait, after which another call has probably ended.
	endTime = time.Second
)

// inProgress counts what is in progress in this process.
type inProgress struct {
	mu     sync.Mutex
	counts map[string]int
}

// enter adds one to each count, unless one of the limits is reached; leave subtracts it again.
func (u *inProgress) enter(places []share) (leave func(), full *share) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, place := range places {
		if u.counts[place.key] >= place.calls {
			return nil, &places[i]
		}
	}
	if u.counts == nil {
		u.counts = map[string]int{}
	}
	for _, place := range places {
		u.counts[place.key]++
	}
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		for _, place := range places {
			if u.counts[place.key]--; u.counts[place.key] == 0 {
				delete(u.counts, place.key)
			}
		}
	}, nil
}

// EnterCall counts one more call in progress until leave is called. It refuses with reason BUSY if the limit
// of the caller or the agency is reached.
func (l *Limiter) EnterCall(caller identity.Caller) (leave func(), err error) {
	return enter(l.calls, whoIs(caller), l.settings.AtOnce, max(1, l.settings.AtOnce/workerShare), "calls in progress")
}

// EnterStream counts one more open stream until leave is called. It refuses with reason BUSY as EnterCall
// does.
func (l *Limiter) EnterStream(caller identity.Caller) (leave func(), err error) {
	return enter(l.streams, whoIs(caller), l.settings.Streams, min(workerStreams, l.settings.Streams), "streams")
}

func enter(all *inProgress, w who, agency, person int, what string) (func(), error) {
	if agency == 0 {
		return func() {}, nil
	}
	var places []share
	if w.person != "" {
		places = append(places, share{key: "person:" + w.person, calls: person})
	}
	if w.agency != "" {
		places = append(places, share{key: "agency:" + w.agency, calls: agency})
	}
	leave, full := all.enter(places)
	if full != nil {
		return nil, fault.New(fault.Busy, "more than %d %s at once", full.calls, what).RetryAfter(endTime)
	}
	return leave, nil
}
