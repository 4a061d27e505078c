package people

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/testkit"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// lists are the answers of all lists to somebody, by all filters that name a unit or a worker.
func (w *world) lists(who context.Context) map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for _, unit := range []string{"", testkit.Health.GetUnit(), clinic.GetUnit()} {
		for _, worker := range []string{"", "pp-07"} {
			for _, sent := range []bool{false, true} {
				for queue := range caseworkv1.Queue_name {
					r := &caseworkv1.ListWorkRequest{Queue: caseworkv1.Queue(queue), Sent: sent, IncludeEnded: true}
					switch r.GetQueue() {
					case caseworkv1.Queue_QUEUE_UNIT:
						r.Unit, r.Worker = unit, worker
					case caseworkv1.Queue_QUEUE_AGENCY:
						r.Worker = worker
					}
					listed(all, who, caseworkv1.NewCaseworkServiceClient(w.conn).ListWork, r)
				}
				listed(all, who, w.concerns.ListConcerns, &concernv1.ListConcernsRequest{Sent: sent, Unit: unit, Worker: worker})
				listed(all, who, w.referrals.ListReferrals, &referralv1.ListReferralsRequest{Sent: sent, Unit: unit, Worker: worker})
				listed(all, who, w.consultations.ListConsultations, &consultationv1.ListConsultationsRequest{Sent: sent, Unit: unit, Worker: worker})
			}
			listed(all, who, w.plans.ListPlans, &planv1.ListPlansRequest{Unit: unit, Worker: worker})
		}
	}
	return all
}

// listed adds the answer to one request.
func listed[Request, Response proto.Message](all map[string]string, who context.Context, call func(context.Context, Request, ...grpc.CallOption) (Response, error), r Request) {
	answer, err := call(who, r)
	all[fmt.Sprintf("%s %v", r.ProtoReflect().Descriptor().Name(), r)] = fmt.Sprintf("%x %v", testkit.Must(proto.MarshalOptions{Deterministic: true}.Marshal(answer)), err)
}
