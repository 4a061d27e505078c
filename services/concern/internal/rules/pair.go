package rules

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// isHeld reports whether a worker holds the concern, not only a unit.
func (c Concern) isHeld() bool { return Responsible(c).GetWorker() != "" }

// held allows a step in the given states while a worker holds the concern.
func held(states []concernv1.ConcernState) condition {
	return func(view Concern, actor matter.Actor) bool { return leading(states)(view, actor) && view.isHeld() }
}

// checkSecond refuses a second worker who is no worker of the own agency or holds the concern, and ending a
// pair that there is not.
func checkSecond(world World, command Command, r *concernv1.SetSecondWorkerRequest) error {
	c, worker := world.State(command.Subject), r.GetWorker()
	switch {
	case worker == nil && c.Second == nil:
		return fault.New(fault.InvalidField, "nobody works on this concern as a second worker").Field("worker", "name a colleague")
	case worker == nil:
		return nil
	}
	if err := matter.CheckOwn(worker, command.Actor.Agency, "worker.agency"); err != nil {
		return err
	}
	switch {
	case worker.GetWorker() == "":
		return fault.New(fault.UnknownParty, "a second worker is one person").Field("worker.worker", "required")
	case isSameWorker(worker, c.Holder):
		return fault.New(fault.InvalidField, "this worker holds the concern already").Field("worker", "name another colleague")
	default:
		return nil
	}
}

// passedTo makes a party the holder. Passed to its second worker, the two change places; passed to a queue,
// the pair ends.
func (c Concern) passedTo(to *commonv1.Party) Concern {
	before := c.Holder
	c.Holder, c.OnCall = to, matter.OnCall{}
	switch {
	case to.GetWorker() == "":
		c.Second = nil
	case isSameWorker(to, c.Second):
		if c.Second = nil; before.GetWorker() != "" {
			c.Second = proto.CloneOf(before)
		}
	}
	return c
}

func isSameWorker(a, b *commonv1.Party) bool {
	return a.GetWorker() != "" && a.GetAgency() == b.GetAgency() && a.GetWorker() == b.GetWorker()
}
