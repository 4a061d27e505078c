package matter

import (
	"cmp"
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// lookedPart is how many records are read at a time.
const lookedPart = 1000

// ReadAccesses reads this service's part of who looked at a client's data: for the client
// all, with agency and unit (703/2023 § 11); for an agency what its own people did. It is
// itself a recorded reading.
func (k gatewayOnly[S]) ReadAccesses(ctx context.Context, read *caseworkv1.ReadAccessesRequest) (*caseworkv1.ReadAccessesResponse, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	r := read.GetAccesses()
	selected, err := k.clientQuery(who, r.GetClientId(), "who looked")
	if err != nil {
		return nil, err
	}
	query := journal.AccessQuery{Client: selected.Client, Before: read.GetBefore(), Limit: lookedPart}
	if r.GetFrom() != nil {
		query.From = r.GetFrom().AsTime().UnixMicro()
	}
	if r.GetTo() != nil {
		query.To = r.GetTo().AsTime().UnixMicro()
	}
	response := &caseworkv1.ReadAccessesResponse{}
	for limit := int(read.GetLimit()); len(response.GetAccesses()) < limit; {
		part, err := k.Looked.Accesses(ctx, query)
		if err != nil {
			return nil, fault.Store(err)
		}
		for _, one := range part {
			query.Before = one.Number
			access, err := accessFor(who, one.Access)
			if err != nil {
				return nil, err
			}
			if access != nil && len(response.GetAccesses()) < limit {
				response.Accesses = append(response.Accesses, &caseworkv1.ReadAccessesResponse_Numbered{Number: one.Number, Access: access})
			}
		}
		if len(part) < lookedPart {
			break
		}
	}
	return response, k.RecordReading(ctx, who, "who looked", Reading{Client: query.Client})
}

// accessFor is a record as its reader may know it; nil for nothing.
func accessFor(who identity.Caller, record journal.Access) (*caseworkv1.Access, error) {
	by, basis := &commonv1.Party{}, &commonv1.LegalBasis{}
	if err := proto.Unmarshal(record.By, by); err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(record.Basis, basis); err != nil {
		return nil, err
	}
	access := &caseworkv1.Access{At: timestamppb.New(record.At), Subject: record.Subject, Method: record.Method, Basis: basis, Purpose: record.Purpose}
	if strings.HasPrefix(record.Subject, wishCollection) {
		// It is named the same towards all agencies.
		access.Subject = ""
	}
	switch {
	case who.Role == identity.RoleClient && identity.Role(record.Role) == identity.RoleClient:
		access.ByClient = true
	case who.Role == identity.RoleClient:
		access.By = loop.UnitAlone(by)
		// What a worker wrote down as the purpose may be about others.
		access.Purpose = ""
	case by.GetAgency() != who.Agency:
		return nil, nil
	default:
		access.By = by
		// A system in a worker's name: the worker looked.
		access.By.Worker = cmp.Or(record.OnBehalfOf, by.GetWorker())
	}
	return access, nil
}
