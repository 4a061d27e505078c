package gateway

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/people"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// absences says in the rows of a worklist until when their holders are absent.
func (f *filling) absences(list *caseworkv1.ListWorkResponse) {
	for _, item := range list.GetItems() {
		if holder := item.GetHolder(); holder.GetWorker() != "" && own(f.who, holder.GetAgency()) {
			_, now, _ := f.people.Staff(holder.GetAgency())
			item.HolderAbsentUntil = f.of(holder.GetAgency()).Absent(holder.GetWorker(), now).GetTo()
		}
	}
}

// reachability says of workers who are absent that they are not reachable until the end of their last day,
// with their substitute: an absence and the switch on the page are one.
func (f *filling) reachability(answer *consultationv1.GetReachabilityResponse) {
	for _, said := range answer.GetReachabilities() {
		party := said.GetParty()
		_, now, _ := f.people.Staff(party.GetAgency())
		absent := f.of(party.GetAgency()).Absent(party.GetWorker(), now)
		if party.GetWorker() == "" || absent == nil {
			continue
		}
		said.Reachable, said.Until, said.Substitute = false, timestamppb.New(endOf(absent.GetTo())), absent.GetSubstitute()
	}
}

// endOf returns the end of a day in Helsinki, given as an ISO 8601 date.
func endOf(day string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, day, matter.Helsinki())
	if err != nil {
		return time.Time{}
	}
	return matter.EndOfDays(at.Add(12*time.Hour), 0)
}

// follow stores what a worker said of its own reachability as an absence: not reachable until a later day is
// one from today, and reachable ends what the worker itself set for today.
func (p *People) follow(ctx context.Context, who identity.Caller, said *consultationv1.Reachability) error {
	if !caller.IsPerson(who) || said.GetParty().GetWorker() != who.Worker {
		return nil
	}
	staff, now, _ := p.Staff(who.Agency)
	today, present := people.DayOf(now), staff.Absent(who.Worker, now)
	request := &caseworkv1.SetAbsenceRequest{RequestId: uuid.NewString(), AbsenceId: present.GetAbsenceId(), Worker: who.Worker}
	switch until := said.GetUntil().AsTime().Add(-time.Second); {
	case !said.GetReachable() && said.GetUntil() != nil && people.DayOf(until) > today:
		request.From, request.To, request.Substitute = today, people.DayOf(until), said.GetSubstitute()
		if present != nil {
			request.From = present.GetFrom()
		}
	case said.GetReachable() && present != nil && present.GetSetBy().GetWorker() == who.Worker:
		request.From, request.To, request.Substitute = present.GetFrom(), people.DayOf(now.AddDate(0, 0, -1)), present.GetSubstitute()
		request.Remove = present.GetFrom() == today
	default:
		return nil
	}
	// The context carries the caller's token for this call.
	changed, err := caseworkv1.NewPeopleServiceClient(p.config.Keeper).ChangePeople(ctx, &caseworkv1.ChangePeopleRequest{
		Change: &caseworkv1.ChangePeopleRequest_Absence{Absence: request},
	})
	if err != nil {
		return err
	}
	p.Took(changed.GetPeople())
	return nil
}
