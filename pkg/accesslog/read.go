package accesslog

import (
	"context"
	"errors"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/mailbox"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// accessLogPart is how many records are read at a time.
const accessLogPart = 1000

// Reader reads a service's part of the access log.
type Reader[S matter.State] struct {
	Recorder  *Recorder
	Engine    *command.Engine[S]
	Store     journal.Store
	AccessLog journal.AccessLog
	Secrets   *identity.Secrets
	Scopes    caller.Scopes
}

// ReadAccesses reads this service's part of the access log of a client's data. The client receives
// all records, with agency and unit (703/2023 § 11). An agency receives what its own people did, as
// far as the matters disclose that to it. The call is itself recorded as a reading.
func (l *Reader[S]) ReadAccesses(ctx context.Context, read *caseworkv1.ReadAccessesRequest) (*caseworkv1.ReadAccessesResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	r := read.GetAccesses()
	selected, err := l.Scopes.ClientQuery(l.Secrets, who, r.GetClientId(), "who looked")
	if err != nil {
		return nil, err
	}
	query := journal.AccessQuery{Client: selected.Client, Before: read.GetBefore(), Limit: accessLogPart}
	if who.Role != identity.RoleClient {
		// The query leaves out what other agencies did: reading it would take time, which would
		// reveal what the caller may not know.
		query.Agency = who.Agency
	}
	if r.GetFrom() != nil {
		query.From = r.GetFrom().AsTime().UnixMicro()
	}
	if r.GetTo() != nil {
		query.To = r.GetTo().AsTime().UnixMicro()
	}
	disclosed, err := l.disclosed(ctx, who, query.Client)
	if err != nil {
		return nil, err
	}
	response, page := &caseworkv1.ReadAccessesResponse{}, mailbox.Page{}
	for limit := int(read.GetLimit()); !response.GetMore(); {
		part, err := l.AccessLog.Accesses(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		for _, one := range part {
			query.Before = one.Number
			access, err := disclosed.shown(ctx, one)
			if errors.Is(err, journal.ErrUnreadable) {
				// It is unknown what of this subject may be disclosed.
				l.Engine.ReportUnreadable(ctx, one.Subject, err)
				continue
			}
			if err != nil {
				return nil, err
			}
			if access == nil {
				continue
			}
			if response.More = len(response.GetAccesses()) == limit || !page.Takes(access); response.GetMore() {
				break
			}
			response.Accesses = append(response.Accesses, &caseworkv1.ReadAccessesResponse_Numbered{Number: one.Number, Access: access, EmergencyReadingId: EmergencyOf(one.Access)})
		}
		if len(part) < accessLogPart {
			break
		}
	}
	return response, l.Recorder.Read(ctx, who, "who looked", Reading{Client: query.Client})
}
