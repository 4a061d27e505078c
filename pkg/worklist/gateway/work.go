// Package gateway merges the worklists of all services.
package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/caller"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const workKind = identity.Kind("work-page")

// Worklist serves the worklist over all services.
type Worklist struct {
	Services  fanout.Services
	Secrets   *identity.Secrets
	Directory *directory.Directory
	People    People
}

// People say who may see the clients' names in a worklist.
type People interface {
	// SharesOut reports whether a caller may see them in the worklist of a unit.
	SharesOut(who identity.Caller, unit string) bool
}

// ListWork merges the worklist entries of all services that follow a place, the soonest due first.
func (w *Worklist) ListWork(ctx context.Context, r *caseworkv1.ListWorkRequest) (*caseworkv1.ListWorkResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.checkQueue(who, r); err != nil {
		return nil, err
	}
	if r.GetMatterNumber() != "" {
		if _, err := matter.ParseNumber("matter_number", r.GetMatterNumber()); err != nil {
			return nil, err
		}
	}
	after, err := w.workPlace(who, r)
	if err != nil {
		return nil, err
	}
	size := fanout.PageSize(r.GetPageSize())
	_, parts, err := fanout.AskForCaller(ctx, w.Services, func(ctx context.Context, _ string, service caseworkv1.MatterServiceClient) (*caseworkv1.ReadWorkResponse, error) {
		return service.ReadWork(ctx, &caseworkv1.ReadWorkRequest{Work: r, After: after, Limit: int32(size + 1)}) //nolint:gosec // at most 1001
	})
	if err != nil {
		return nil, err
	}
	response := &caseworkv1.ListWorkResponse{}
	for _, part := range parts {
		response.Items = append(response.Items, part.GetItems()...)
	}
	slices.SortFunc(response.Items, bySoonest)
	reached := reachedBy(parts)
	taken := fanout.OnPage(size, response.GetItems(), func(item *caseworkv1.WorkItem) bool {
		return reached == nil || comparePlaces(placeOf(item), reached) <= 0
	})
	next := reached
	if taken < len(response.GetItems()) && taken > 0 && (reached == nil || comparePlaces(placeOf(response.GetItems()[taken]), reached) <= 0) {
		next = placeOf(response.GetItems()[taken-1])
	}
	if response.Items = response.Items[:taken]; next == nil {
		return response, nil
	}
	place, err := proto.Marshal(&caseworkv1.ReadWorkRequest{After: next})
	if err != nil {
		return nil, err
	}
	response.NextPageToken = w.Secrets.Token(workKind, who.Agency, append(w.workDigest(who, r), place...))
	return response, nil
}

// reachedBy is the place up to which all services were read: before it, no service has another
// entry. It is the soonest of the places reached by parts that have more, and nil where no part has
// more.
func reachedBy(parts []*caseworkv1.ReadWorkResponse) (soonest *caseworkv1.ReadWorkRequest_Place) {
	for _, part := range parts {
		if part.GetMore() && (soonest == nil || comparePlaces(part.GetReached(), soonest) < 0) {
			soonest = part.GetReached()
		}
	}
	return soonest
}

func placeOf(item *caseworkv1.WorkItem) *caseworkv1.ReadWorkRequest_Place {
	return &caseworkv1.ReadWorkRequest_Place{DueAt: item.GetStatus().GetDueAt(), Subject: item.GetSubject()}
}

// comparePlaces orders by due time; entries without one come last.
func comparePlaces(a, b *caseworkv1.ReadWorkRequest_Place) int {
	return cmp.Or(dueAt(a.GetDueAt()).Compare(dueAt(b.GetDueAt())), cmp.Compare(a.GetSubject(), b.GetSubject()))
}

// checkQueue refuses a queue that does not belong to the caller, or that does not exist.
func (w *Worklist) checkQueue(who identity.Caller, r *caseworkv1.ListWorkRequest) error {
	me := r.GetQueue() == caseworkv1.Queue_QUEUE_ME
	unit := cmp.Or(r.GetUnit(), who.Unit)
	switch {
	case !caller.IsParty(who):
		return fault.New(fault.RoleNotAllowed, "only an agency's worker or system can read a worklist")
	case me && who.Worker == "":
		return fault.New(fault.InvalidField, "a system has no worklist of its own").Field("queue", "must be QUEUE_UNIT or QUEUE_AGENCY, unless you act on behalf of a worker")
	case me && (r.GetUnit() != "" || r.GetWorker() != ""):
		return fault.New(fault.InvalidField, "your own worklist takes no unit or worker").Field("unit", "leave unit and worker empty")
	case r.GetQueue() == caseworkv1.Queue_QUEUE_AGENCY && r.GetUnit() != "":
		return fault.New(fault.InvalidField, "the agency's worklist takes no unit").Field("unit", "use it only with QUEUE_UNIT")
	case r.GetQueue() == caseworkv1.Queue_QUEUE_UNIT:
		if _, known := w.Directory.Unit(who.Agency, unit); !known {
			return fault.New(fault.UnknownParty, "your agency has no such unit").Field("unit", "must be a unit of your agency")
		}
	}
	if r.GetWithNames() && !me && (r.GetQueue() != caseworkv1.Queue_QUEUE_UNIT || !w.People.SharesOut(who, unit)) {
		return fault.New(fault.RoleNotAllowed, "the clients' names are shown in your own worklist, and to who leads a unit or is on duty in it")
	}
	return nil
}

func (w *Worklist) workPlace(who identity.Caller, r *caseworkv1.ListWorkRequest) (*caseworkv1.ReadWorkRequest_Place, error) {
	if r.GetPageToken() == "" {
		return nil, nil
	}
	digest, place := w.workDigest(who, r), &caseworkv1.ReadWorkRequest{}
	payload, ok := w.Secrets.OpenToken(workKind, who.Agency, r.GetPageToken())
	if !ok || !strings.HasPrefix(string(payload), string(digest)) || proto.Unmarshal(payload[len(digest):], place) != nil {
		return nil, fault.New(fault.InvalidPageToken, "the page token does not belong to this worklist").Field("page_token", "send it unchanged")
	}
	return place.GetAfter(), nil
}

// workDigest identifies a worklist, whatever the size of its pages, so that a page token counts for
// that worklist only.
func (w *Worklist) workDigest(who identity.Caller, r *caseworkv1.ListWorkRequest) []byte {
	filters := proto.CloneOf(r)
	filters.PageToken, filters.PageSize = "", 0
	body, _ := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	return w.Secrets.Digest(body, []byte(who.Unit), []byte(who.Worker))
}

// bySoonest orders by due time; entries without one come last.
func bySoonest(a, b *caseworkv1.WorkItem) int { return comparePlaces(placeOf(a), placeOf(b)) }

func dueAt(due *timestamppb.Timestamp) time.Time {
	if due == nil {
		return time.Unix(1<<40, 0)
	}
	return due.AsTime()
}

// reassignedAtOnce bounds how many matters one request reassigns in parallel.
const reassignedAtOnce = 8

// ReassignWork reassigns matters, each by the step of its own service in the caller's name. The
// response holds the status of each matter, in the order of the request.
func (w *Worklist) ReassignWork(ctx context.Context, r *caseworkv1.ReassignWorkRequest) (*caseworkv1.ReassignWorkResponse, error) {
	who, err := caller.Of(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case !caller.IsParty(who):
		return nil, fault.New(fault.RoleNotAllowed, "only an agency's worker or system can reassign work")
	case r.GetTo().GetAgency() != who.Agency:
		return nil, fault.New(fault.UnknownParty, "work can be reassigned only within your own agency").Field("to.agency", "must be your own agency")
	}
	if err := w.Directory.Check(r.GetTo(), "to"); err != nil {
		return nil, err
	}
	response := &caseworkv1.ReassignWorkResponse{Results: make([]*caseworkv1.Reassigned, len(r.GetSubjects()))}
	group := errgroup.Group{}
	group.SetLimit(reassignedAtOnce)
	for i, subject := range r.GetSubjects() {
		group.Go(func() error {
			err := w.reassign(identity.Forward(ctx), r, subject)
			response.Results[i] = &caseworkv1.Reassigned{Subject: subject, Status: status.Convert(err).Proto()}
			return nil
		})
	}
	return response, group.Wait()
}

func (w *Worklist) reassign(ctx context.Context, r *caseworkv1.ReassignWorkRequest, subject string) error {
	collection, id, _ := strings.Cut(subject, "/")
	conn := w.Services[collection]
	request := func(step string) string {
		return uuid.NewSHA1(uuid.MustParse(r.GetRequestId()), []byte(subject+step)).String()
	}
	err := reassignments[collection](ctx, conn, request(""), id, r)
	receive := receipts[collection]
	if receive == nil || fault.ReasonOf(err) != fault.IllegalStep {
		return err
	}
	// Perhaps nobody has received it yet. Where it cannot be received, the first refusal stands.
	if receive(ctx, conn, request(" received"), id) != nil {
		return err
	}
	// The refusal recorded nothing, so the same request is new.
	return reassignments[collection](ctx, conn, request(""), id, r)
}

// receipts are the services' steps that receive a matter, by collection.
var receipts = map[string]func(ctx context.Context, conn grpc.ClientConnInterface, request, id string) error{
	"concerns": func(ctx context.Context, conn grpc.ClientConnInterface, request, id string) error {
		_, err := concernv1.NewConcernServiceClient(conn).ReceiveConcern(ctx, &concernv1.ReceiveConcernRequest{RequestId: request, ConcernId: id})
		return err
	},
	"referrals": func(ctx context.Context, conn grpc.ClientConnInterface, request, id string) error {
		_, err := referralv1.NewReferralServiceClient(conn).ReceiveReferral(ctx, &referralv1.ReceiveReferralRequest{RequestId: request, ReferralId: id})
		return err
	},
}

// reassignments are the services' own steps, by collection.
var reassignments = map[string]func(ctx context.Context, conn grpc.ClientConnInterface, request, id string, r *caseworkv1.ReassignWorkRequest) error{
	"concerns": func(ctx context.Context, conn grpc.ClientConnInterface, request, id string, r *caseworkv1.ReassignWorkRequest) error {
		_, err := concernv1.NewConcernServiceClient(conn).ReassignConcern(ctx, &concernv1.ReassignConcernRequest{
			RequestId: request, ConcernId: id, To: r.GetTo(), Reason: r.GetReason(),
		})
		return err
	},
	"referrals": func(ctx context.Context, conn grpc.ClientConnInterface, request, id string, r *caseworkv1.ReassignWorkRequest) error {
		_, err := referralv1.NewReferralServiceClient(conn).ReassignReferral(ctx, &referralv1.ReassignReferralRequest{
			RequestId: request, ReferralId: id, To: r.GetTo(), Reason: r.GetReason(),
		})
		return err
	},
	"consultations": func(ctx context.Context, conn grpc.ClientConnInterface, request, id string, r *caseworkv1.ReassignWorkRequest) error {
		_, err := consultationv1.NewConsultationServiceClient(conn).ReassignConsultation(ctx, &consultationv1.ReassignConsultationRequest{
			RequestId: request, ConsultationId: id, To: r.GetTo(), Reason: r.GetReason(),
		})
		return err
	},
	"plans": func(context.Context, grpc.ClientConnInterface, string, string, *caseworkv1.ReassignWorkRequest) error {
		return fault.New(fault.IllegalStep, "a plan cannot be reassigned; offer the responsibility to the next worker").With("allowed_steps", "OfferResponsibility")
	},
}
