package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// maxCalls is how many of the last calls are kept.
const maxCalls = 20

// errAsked ends a session, because an agency or an operator asked for calls from the durable position on.
var errAsked = errors.New("callback: asked to begin again")

// result is the code and the HTTP status of an outcome; OK and 0 where the endpoint took all messages.
func (o outcome) result() (code codes.Code, status int) {
	if o.err == nil {
		return o.refused, 0
	}
	refused := refusalOf(o.err)
	var unsent *url.Error
	switch {
	case errors.Is(o.err, context.DeadlineExceeded):
		return codes.DeadlineExceeded, refused.status
	case errors.As(o.err, &unsent):
		return codes.Unavailable, refused.status
	}
	return refused.code, refused.status
}

// callOf describes a call that began at a time and has ended now.
func callOf(kind exchangev1.EndpointCallKind, began time.Time, messages int, o outcome) *exchangev1.EndpointCall {
	code, status := o.result()
	return &exchangev1.EndpointCall{
		At: timestamppb.New(began), Took: durationpb.New(time.Since(began).Round(time.Millisecond)), Kind: kind,
		Messages: uint32(messages), Accepted: uint32(o.taken), Code: int32(code), HttpStatus: int32(status), //nolint:gosec // of one call
	}
}

// calls are the last calls of an endpoint, as this process knows them, and what of them is stored. The fields are
// guarded by the state's lock.
type calls struct {
	last []*exchangev1.EndpointCall
	// loaded: the calls that the processes before this one stored are among them.
	loaded bool
	// unsaved: something came since the last was stored. result is that of the last stored call.
	unsaved bool
	result  codes.Code
	// asked is the last request of an agency or operator that was seen.
	asked string
}

// called notes a call.
func (s *state) called(call *exchangev1.EndpointCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.last = append([]*exchangev1.EndpointCall{call}, s.calls.last[:min(len(s.calls.last), maxCalls-1)]...)
	s.calls.unsaved = true
}

// isPressing reports whether the last call is to be stored at once: it failed, or is the first that did not.
func (s *state) isPressing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.calls.unsaved || len(s.calls.last) == 0 {
		return false
	}
	code := codes.Code(s.calls.last[0].GetCode()) //nolint:gosec // a code
	return code != codes.OK || code != s.calls.result
}

// load adds what earlier processes stored, once, and reports whether something new was asked since.
func (s *state) load(stored *exchangev1.ReadEndpointStateResponse) (asked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.calls
	if !c.loaded {
		c.last = append(c.last, stored.GetCalls().GetCalls()...)
		c.last = c.last[:min(len(c.last), maxCalls)]
		c.loaded, c.asked = true, stored.GetAskId()
		if s.succeeded.IsZero() && stored.GetCalls().GetLastSuccessAt() != nil {
			s.succeeded = stored.GetCalls().GetLastSuccessAt().AsTime()
		}
		return false
	}
	asked, c.asked = stored.GetAskId() != c.asked, stored.GetAskId()
	return asked
}

// take returns what is to be stored; nil if nothing is. Until load, nothing is stored: it would overwrite what
// the processes before this one knew.
func (s *state) take() *exchangev1.EndpointCalls {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.calls.loaded || !s.calls.unsaved {
		return nil
	}
	s.calls.unsaved = false
	if len(s.calls.last) > 0 {
		s.calls.result = codes.Code(s.calls.last[0].GetCode()) //nolint:gosec // a code
	}
	return &exchangev1.EndpointCalls{
		FailingSince: timestampOf(s.failingSince), LastSuccessAt: timestampOf(s.succeeded), AgainAt: timestampOf(s.againAt), Calls: s.calls.last,
	}
}

// sync stores what came of the last calls, and reads whether something was asked at another process. It returns
// errAsked if so.
func (c *caller) sync(ctx context.Context) error {
	if c.config.Keeper == nil {
		return nil
	}
	stored, err := exchangev1.NewEndpointStateServiceClient(c.config.Keeper).ReadEndpointState(ctx, &exchangev1.ReadEndpointStateRequest{Agency: c.agency})
	if err != nil {
		c.logger.WarnContext(ctx, "read the state of the endpoint", slog.String("error", err.Error()))
		return nil
	}
	asked := c.state.load(stored)
	c.keep(ctx)
	if asked {
		c.logger.InfoContext(ctx, "callback asked for at another process")
		return errAsked
	}
	return nil
}

// keep stores what came of the last calls, if that is not stored yet. A failure is logged: the next call, or the
// next sync, stores it with what came since.
func (c *caller) keep(ctx context.Context) {
	if c.config.Keeper == nil {
		return
	}
	calls := c.state.take()
	if calls == nil {
		return
	}
	_, err := exchangev1.NewEndpointStateServiceClient(c.config.Keeper).ChangeEndpointState(ctx, &exchangev1.ChangeEndpointStateRequest{
		Agency: c.agency, Part: &exchangev1.ChangeEndpointStateRequest_Calls{Calls: calls},
	})
	if err != nil {
		c.logger.WarnContext(ctx, "store the state of the endpoint", slog.String("error", err.Error()))
		c.state.untake()
	}
}

func (s *state) untake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.unsaved = true
}
