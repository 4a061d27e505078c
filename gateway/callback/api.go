package callback

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// API implements EndpointService: what an agency sees and asks of its own endpoint.
type API struct {
	exchangev1.UnimplementedEndpointServiceServer

	// States are those that Callbacks fills.
	States *States
}

// GetEndpoint returns the state of an endpoint, as the processes have stored it.
func (a *API) GetEndpoint(ctx context.Context, r *exchangev1.GetEndpointRequest) (*exchangev1.GetEndpointResponse, error) {
	c, err := a.of(ctx, r.GetAgency())
	if err != nil {
		return nil, err
	}
	names, states, err := fanout.All(ctx, c.config.Services, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*exchangev1.ReadEndpointStateResponse, error) {
		return exchangev1.NewEndpointStateServiceClient(conn).ReadEndpointState(ctx, &exchangev1.ReadEndpointStateRequest{Agency: c.agency})
	})
	if err != nil {
		return nil, err
	}
	agency, _ := c.config.Directory.Agency(c.agency)
	timing := c.config.Timing
	response := &exchangev1.GetEndpointResponse{
		Agency: c.agency, AnswerTimeout: durationpb.New(timing.Answer), FirstRetry: durationpb.New(timing.FirstRetry), LastRetry: durationpb.New(timing.LastRetry),
	}
	if agency.Callback != nil {
		response.Protocol, response.Url = string(agency.Callback.Protocol), agency.Callback.URL.String()
	}
	var cursor mailbox.Cursor
	for i, state := range states {
		if state.GetCalls() != nil {
			response.Calls = state.GetCalls()
		}
		if state.GetPing() != nil {
			response.Ping = state.GetPing()
		}
		response.Mailboxes = append(response.Mailboxes, &exchangev1.GetEndpointResponse_Mailbox{
			Service: names[i], Sequence: state.GetSequence(), Waiting: state.GetHead() - min(state.GetHead(), state.GetSequence()),
		})
		at, err := mailbox.ParseCursor(state.GetCursor())
		if err != nil {
			return nil, err
		}
		cursor = append(cursor, at.At(names[i]))
	}
	response.Cursor = cursor.String()
	return response, nil
}

// PingEndpoint calls an endpoint without messages.
func (a *API) PingEndpoint(ctx context.Context, r *exchangev1.PingEndpointRequest) (*exchangev1.PingEndpointResponse, error) {
	c, err := a.of(ctx, r.GetAgency())
	if err != nil {
		return nil, err
	}
	if !c.state.pinging.TryLock() {
		return nil, fault.New(fault.Busy, "another ping of the endpoint is under way").RetryAfter(time.Second)
	}
	defer c.state.pinging.Unlock()
	limited, cancel := context.WithTimeout(ctx, c.config.Timing.Answer)
	defer cancel()
	began := time.Now() //nolint:forbidigo // the wire's time
	response, err := c.endpoint.deliver(limited, &exchangev1.DeliverRequest{})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	o := outcome{refused: codes.Code(response.GetRefused().GetCode()), err: err} //nolint:gosec // a code
	if response.GetAccepted() > 0 {
		o.refused = codes.Unknown
	}
	call := callOf(exchangev1.EndpointCallKind_ENDPOINT_CALL_KIND_PING, began, 0, o)
	c.logger.InfoContext(ctx, "callback pinged", slog.String("code", codes.Code(call.GetCode()).String()), slog.Int("status", int(call.GetHttpStatus()))) //nolint:gosec // a code
	if err := c.change(ctx, &exchangev1.ChangeEndpointStateRequest{Part: &exchangev1.ChangeEndpointStateRequest_Ping{Ping: call}}); err != nil {
		c.logger.WarnContext(ctx, "store the ping of the endpoint", slog.String("error", err.Error()))
	}
	return &exchangev1.PingEndpointResponse{Call: call}, nil
}

// DeliverNow has an endpoint called at once: by this process if it is the one that calls it, and otherwise by the
// one that is, when it next looks.
func (a *API) DeliverNow(ctx context.Context, r *exchangev1.DeliverNowRequest) (*exchangev1.DeliverNowResponse, error) {
	c, err := a.of(ctx, r.GetAgency())
	if err != nil {
		return nil, err
	}
	if _, leads := a.States.CallNow(c.agency); leads {
		return &exchangev1.DeliverNowResponse{}, nil
	}
	return &exchangev1.DeliverNowResponse{}, c.ask(ctx)
}

// RewindEndpoint moves the position of the caller's endpoint, in all services or, if one does not hold the cursor,
// in none.
func (a *API) RewindEndpoint(ctx context.Context, r *exchangev1.RewindEndpointRequest) (*exchangev1.RewindEndpointResponse, error) {
	who, _ := identity.FromContext(ctx)
	if !who.System {
		return nil, fault.New(fault.RoleNotAllowed, "an endpoint is moved by its agency's system")
	}
	c, err := a.of(ctx, "")
	if err != nil {
		return nil, err
	}
	cursor := r.GetCursor()
	if cursor == "" {
		// The beginning in each service; it differs from an empty text.
		cursor = mailbox.Cursor{}.String()
	}
	response := &exchangev1.RewindEndpointResponse{}
	for _, validateOnly := range []bool{true, false} {
		_, moved, err := fanout.All(ctx, c.config.Services, func(ctx context.Context, _ string, conn grpc.ClientConnInterface) (*exchangev1.RewindConsumerResponse, error) {
			return exchangev1.NewEndpointStateServiceClient(conn).RewindConsumer(ctx, &exchangev1.RewindConsumerRequest{
				Agency: c.agency, Cursor: cursor, ValidateOnly: validateOnly,
			})
		})
		if err != nil {
			return nil, err
		}
		response.Again = 0
		for _, one := range moved {
			response.Again += one.GetWaiting()
		}
	}
	c.logger.InfoContext(ctx, "callback moved back", slog.String("system", who.SystemSubject), slog.Uint64("again", response.GetAgain()))
	if c.state.beginAgain() {
		return response, nil
	}
	return response, c.ask(ctx)
}

// ask has the process that calls the endpoint begin again, wherever it is.
func (c *caller) ask(ctx context.Context) error {
	return c.change(ctx, &exchangev1.ChangeEndpointStateRequest{Part: &exchangev1.ChangeEndpointStateRequest_AskId{AskId: uuid.NewString()}})
}

func (c *caller) change(ctx context.Context, change *exchangev1.ChangeEndpointStateRequest) error {
	change.Agency = c.agency
	_, err := exchangev1.NewEndpointStateServiceClient(c.config.Keeper).ChangeEndpointState(ctx, change)
	return err
}

// of returns the caller of an agency's endpoint. A system gets that of its own agency alone, an operator each.
func (a *API) of(ctx context.Context, agency string) (*caller, error) {
	who, known := identity.FromContext(ctx)
	switch {
	case !known:
		return nil, fault.New(fault.TokenRequired, "a token is missing")
	case who.Role == identity.RoleOperator:
		if agency == "" {
			return nil, fault.New(fault.InvalidField, "an operator names the agency").Field("agency", "required")
		}
	case !who.System || who.Agency == "":
		return nil, fault.New(fault.RoleNotAllowed, "an endpoint is seen by its agency's systems and by operators")
	case agency == "":
		agency = who.Agency
	case agency != who.Agency:
		return nil, notCalled()
	}
	if c := a.States.callerOf(agency); c != nil {
		return c, nil
	}
	return nil, notCalled()
}

func notCalled() error { return fault.New(fault.NotFound, "Koppi calls no endpoint of this agency") }
