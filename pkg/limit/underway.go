package limit

import (
	"sync"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

const (
	// workerShare is which part of an agency's calls under way one worker may have.
	workerShare = 8
	// workerStreams is how many pages one worker may have open.
	workerStreams = 32
	// endTime is after which an end of one that is under way can be expected.
	endTime = time.Second
)

// underWay counts what is going on in this process.
type underWay struct {
	mu     sync.Mutex
	counts map[string]int
}

// enter adds one to each, unless one of them is full; leave takes it away.
func (u *underWay) enter(places []share) (leave func(), full *share) {
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

// EnterCall lets one more call be under way, and leave ends it. It refuses with reason
// BUSY where the caller or the agency has as many as they may.
func (l *Limiter) EnterCall(caller identity.Caller) (leave func(), err error) {
	return enter(l.calls, whoIs(caller), l.settings.AtOnce, max(1, l.settings.AtOnce/workerShare), "calls under way")
}

// EnterStream does so for a stream.
func (l *Limiter) EnterStream(caller identity.Caller) (leave func(), err error) {
	return enter(l.streams, whoIs(caller), l.settings.Streams, min(workerStreams, l.settings.Streams), "streams")
}

func enter(all *underWay, w who, agency, person int, what string) (func(), error) {
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
