package mailbox

import (
	"context"
	"encoding/base64"
	"fmt"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// endpoints implements EndpointStateService: what the gateway's processes keep of agencies' endpoints. It holds
// times, codes and counts, and nothing of any message, so it is beside the journal and not sealed.
type endpoints struct {
	exchangev1.UnimplementedEndpointStateServiceServer
	*Server
}

// The parts of an endpoint's state are settings: each is written by one kind of process alone, so that none
// overwrites what another wrote. The names are stored.
const (
	partCalls = "calls"
	partPing  = "ping"
	partAsked = "asked"
)

func settingOf(agency, part string) string { return "callback/" + agency + "/" + part }

// ReadEndpointState returns what is stored about an endpoint, and the position of its consumer.
func (e endpoints) ReadEndpointState(ctx context.Context, r *exchangev1.ReadEndpointStateRequest) (*exchangev1.ReadEndpointStateResponse, error) {
	response := &exchangev1.ReadEndpointStateResponse{}
	calls, ping := &exchangev1.EndpointCalls{}, &exchangev1.EndpointCall{}
	for part, into := range map[string]proto.Message{partCalls: calls, partPing: ping} {
		found, err := e.read(ctx, settingOf(r.GetAgency(), part), into)
		if err != nil {
			return nil, err
		}
		if found && part == partCalls {
			response.Calls = calls
		} else if found {
			response.Ping = ping
		}
	}
	var err error
	if response.AskId, _, err = e.config.Settings.Setting(ctx, settingOf(r.GetAgency(), partAsked)); err != nil {
		return nil, fault.Store(err)
	}
	at, err := e.from(ctx, r.GetAgency(), "", CallbackConsumer)
	if err != nil {
		return nil, err
	}
	heads, err := e.config.Store.Positions(ctx, r.GetAgency())
	if err != nil {
		return nil, fault.Store(err)
	}
	response.Sequence, response.Head, response.Cursor = at.Sequence, heads[r.GetAgency()].Sequence, Cursor{at}.String()
	return response, nil
}

func (e endpoints) read(ctx context.Context, key string, into proto.Message) (found bool, err error) {
	value, found, err := e.config.Settings.Setting(ctx, key)
	if err != nil || !found {
		return false, fault.Store(err)
	}
	stored, err := base64.StdEncoding.DecodeString(value)
	if err == nil {
		err = proto.Unmarshal(stored, into)
	}
	if err != nil {
		return false, fmt.Errorf("mailbox: the setting %s cannot be read: %w", key, err)
	}
	return true, nil
}

// ChangeEndpointState stores a part of it.
func (e endpoints) ChangeEndpointState(ctx context.Context, r *exchangev1.ChangeEndpointStateRequest) (*exchangev1.ChangeEndpointStateResponse, error) {
	part, value := partAsked, r.GetAskId()
	if value == "" {
		var of proto.Message = r.GetCalls()
		part = partCalls
		if r.GetPing() != nil {
			part, of = partPing, r.GetPing()
		}
		stored, err := proto.Marshal(of)
		if err != nil {
			return nil, fmt.Errorf("mailbox: marshal: %w", err)
		}
		value = base64.StdEncoding.EncodeToString(stored)
	}
	return &exchangev1.ChangeEndpointStateResponse{}, fault.Store(e.config.Settings.SetSetting(ctx, settingOf(r.GetAgency(), part), value))
}

// RewindConsumer moves the consumer that calls an endpoint to a position, and takes it over. The streams of this
// process that read it end at once; those of others end by their next acknowledgement, or their next check.
func (e endpoints) RewindConsumer(ctx context.Context, r *exchangev1.RewindConsumerRequest) (*exchangev1.RewindConsumerResponse, error) {
	at, err := e.from(ctx, r.GetAgency(), r.GetCursor(), CallbackConsumer)
	if err != nil {
		return nil, err
	}
	if !r.GetValidateOnly() {
		moved, err := e.move(ctx, journal.Advance{Agency: r.GetAgency(), Consumer: CallbackConsumer, TakeOver: true, Rewind: true, Sequence: at.Sequence})
		if err != nil {
			return nil, err
		}
		e.readers.enter(consumerKey{r.GetAgency(), CallbackConsumer}, moved.Epoch, func(error) {})()
	}
	heads, err := e.config.Store.Positions(ctx, r.GetAgency())
	if err != nil {
		return nil, fault.Store(err)
	}
	return &exchangev1.RewindConsumerResponse{Waiting: backlog(heads[r.GetAgency()].Sequence, at.Sequence)}, nil
}
