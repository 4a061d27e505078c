package accesslog

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// CountEmergencyReads returns how many matters were read by each of the emergency readings.
func (l *Reader[S]) CountEmergencyReads(ctx context.Context, r *caseworkv1.CountEmergencyReadsRequest) (*caseworkv1.CountEmergencyReadsResponse, error) {
	response := &caseworkv1.CountEmergencyReadsResponse{}
	for _, asked := range r.GetAsked() {
		matters := map[string]bool{}
		query := journal.AccessQuery{Client: asked.GetClient(), Agency: asked.GetAgency(), Limit: accessLogPart}
		for {
			part, err := l.AccessLog.Accesses(ctx, query)
			if err != nil {
				return nil, fault.Store(err)
			}
			for _, one := range part {
				query.Before = one.Number
				if one.Subject != "" && EmergencyOf(one.Access) == asked.GetEmergencyReadingId() {
					matters[one.Subject] = true
				}
			}
			if len(part) < accessLogPart {
				break
			}
		}
		response.Matters = append(response.Matters, int32(len(matters))) //nolint:gosec // an agency's matters of one client
	}
	return response, nil
}
