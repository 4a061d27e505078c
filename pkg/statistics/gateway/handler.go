package gateway

import (
	"context"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// maxMonths bounds the months of one request.
const maxMonths = 36

// Handler serves statistics.
type Handler struct{ Statistics *Statistics }

// GetStatistics returns the rows of the caller's own agency, and all rows to an operator. It fails
// with ROLE_NOT_ALLOWED for other roles, and with INVALID_FIELD for months that do not exist, have
// not ended, or are more than 36.
func (h *Handler) GetStatistics(ctx context.Context, r *caseworkv1.GetStatisticsRequest) (*caseworkv1.GetStatisticsResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if !caller.IsParty(who) && who.Role != identity.RoleOperator {
		return nil, fault.New(fault.RoleNotAllowed, "only an agency's worker or system, or an operator, can read statistics")
	}
	if err := checkMonths(r.GetFromMonth(), r.GetToMonth()); err != nil {
		return nil, err
	}
	counts, ended, err := h.Statistics.Read(ctx, r.GetFromMonth(), r.GetToMonth())
	if err != nil {
		return nil, err
	}
	if !ended {
		return nil, fault.New(fault.InvalidField, "statistics cover only months that have ended").Field("to_month", "must be a month that has ended")
	}
	response := &caseworkv1.GetStatisticsResponse{}
	for _, count := range counts {
		if visible := visibleTo(who, count); visible != nil {
			response.Counts = append(response.Counts, visible)
		}
	}
	return response, nil
}

// earliestMonth and latestMonth bound the months of a request.
const earliestMonth, latestMonth = "2000-01", "2099-12"

func checkMonths(from, to string) error {
	for field, month := range map[string]string{"from_month": from, "to_month": to} {
		if _, _, err := matter.MonthSpan(month); err != nil || month < earliestMonth || month > latestMonth {
			return fault.New(fault.InvalidField, "the month is invalid").Field(field, "must be from 2000-01 to 2099-12")
		}
	}
	if from > to {
		return fault.New(fault.InvalidField, "the first month is after the last").Field("from_month", "must not be after to_month")
	}
	last := from
	for range maxMonths {
		if last == to {
			return nil
		}
		var err error
		if last, err = matter.NextMonth(last); err != nil {
			return err
		}
	}
	return fault.New(fault.InvalidField, "the request covers more than %d months", maxMonths).Field("from_month", "must be at most 36 months, both ends included")
}

// visibleTo is the part of a row that a caller may see; nil for nothing. The agency that sent
// concern reports sees in sum what it may know of each of them, whatever its legal ground
// (1301/2014 § 35).
func visibleTo(who identity.Caller, count *caseworkv1.LoopCount) *caseworkv1.LoopCount {
	switch {
	case who.Role == identity.RoleOperator, count.GetService() == "", count.GetReceiver().GetAgency() == who.Agency:
		return count
	case count.GetSender().GetAgency() != who.Agency:
		return nil
	case count.GetService() != concernService:
		return count
	}
	visible := &caseworkv1.LoopCount{
		Service: count.GetService(), Sender: count.GetSender(), Receiver: count.GetReceiver(), Month: count.GetMonth(),
		Sent: count.GetSent(), Taken: count.GetTaken(), Closed: count.GetClosed(), Declined: count.GetDeclined(),
		MedianSecondsToTaken: count.MedianSecondsToTaken,
	}
	nothing := &caseworkv1.LoopCount{Service: visible.GetService(), Sender: visible.GetSender(), Receiver: visible.GetReceiver(), Month: visible.GetMonth()}
	if proto.Equal(visible, nothing) {
		return nil
	}
	return visible
}

const concernService = "concern"
