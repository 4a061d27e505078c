package callback

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	operatorv1 "koppi.internal/proto/gen/koppi/operator/v1"
)

// States is what this process knows of the endpoints that it calls, for operators. It is made before
// Callbacks, which fills it. The zero value is ready to use.
type States struct {
	mu  sync.Mutex
	all map[string]*state
}

// of returns the state of an agency's endpoint, and adds it if it is new.
func (s *States) of(agency string) *state {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*state{}
	}
	if s.all[agency] == nil {
		s.all[agency] = &state{now: make(chan struct{}, 1), again: make(chan struct{}, 1)}
	}
	return s.all[agency]
}

// callerOf returns the caller of an agency's endpoint; nil if the agency is not called.
func (s *States) callerOf(agency string) *caller {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[agency] == nil {
		return nil
	}
	return s.all[agency].caller
}

// List returns the endpoints of all agencies that are called, in the order of the agencies' keys.
func (s *States) List() []*operatorv1.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	endpoints := make([]*operatorv1.Endpoint, 0, len(s.all))
	for agency, one := range s.all {
		endpoints = append(endpoints, one.message(agency))
	}
	slices.SortFunc(endpoints, func(a, b *operatorv1.Endpoint) int { return cmp.Compare(a.GetAgency(), b.GetAgency()) })
	return endpoints
}

// CallNow asks for a call of an agency's endpoint at once. It reports whether the agency has an endpoint,
// and whether this process is the one that calls it; if not, nothing happens.
func (s *States) CallNow(agency string) (known, leads bool) {
	s.mu.Lock()
	one := s.all[agency]
	s.mu.Unlock()
	if one == nil {
		return false, false
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.leads {
		select {
		case one.now <- struct{}{}:
		default: // The same is asked already.
		}
	}
	return true, one.leads
}

// state is the result of the last calls of one endpoint, as long as this process calls it.
type state struct {
	// caller calls the endpoint, if this process is the one that does.
	caller *caller
	// now asks the caller to call the endpoint at once, and again to begin again from the durable position.
	now, again chan struct{}
	// pinging is held during a ping.
	pinging sync.Mutex

	mu                               sync.Mutex
	leads                            bool
	failingSince, succeeded, againAt time.Time
	code                             codes.Code
	status                           int
	calls                            calls
}

// lead notes that this process begins or ends to call the endpoint. What was known is dropped: another
// process may have called it meanwhile.
func (s *state) lead(leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leads, s.failingSince, s.succeeded, s.againAt, s.code, s.status = leads, time.Time{}, time.Time{}, time.Time{}, codes.OK, 0
	s.calls = calls{}
	for _, asked := range []chan struct{}{s.now, s.again} {
		select {
		case <-asked:
		default:
		}
	}
}

// beginAgain asks the caller to begin again from the durable position. It reports whether this process is the one
// that calls the endpoint; if not, nothing happens.
func (s *state) beginAgain() (leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leads {
		select {
		case s.again <- struct{}{}:
		default: // The same is asked already.
		}
	}
	return s.leads
}

// answered notes that the endpoint answered for its messages, and whether it accepted any.
func (s *state) answered(accepted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failingSince, s.againAt, s.code, s.status = time.Time{}, time.Time{}, codes.OK, 0
	if accepted {
		s.succeeded = time.Now() //nolint:forbidigo // operators watch the wall clock
	}
}

// failed notes a call that failed, and the time of the next one.
func (s *state) failed(o outcome, again time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failingSince.IsZero() {
		s.failingSince = time.Now() //nolint:forbidigo // operators watch the wall clock
	}
	s.againAt = again
	s.code, s.status = o.result()
}

func (s *state) message(agency string) *operatorv1.Endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &operatorv1.Endpoint{
		Agency: agency, FailingSince: timestampOf(s.failingSince), LastCode: int32(s.code), LastHttpStatus: int32(s.status), //nolint:gosec // a code
		LastSuccessAt: timestampOf(s.succeeded), AgainAt: timestampOf(s.againAt),
	}
}

// timestampOf returns a time as a message holds it; nil for the zero time.
func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
