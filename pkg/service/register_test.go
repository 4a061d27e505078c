package service_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/service"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
)

// registered keeps what is registered with a server.
type registered struct{ desc *grpc.ServiceDesc }

func (r *registered) RegisterService(desc *grpc.ServiceDesc, _ any) { r.desc = desc }

func (r *registered) call(t *testing.T, method string, in proto.Message, interceptor grpc.UnaryServerInterceptor) (any, error) {
	t.Helper()
	for _, one := range r.desc.Methods {
		if one.MethodName == method {
			return one.Handler(nil, t.Context(), func(request any) error {
				proto.Merge(request.(proto.Message), in)
				return nil
			}, interceptor)
		}
	}
	t.Fatalf("%s is not registered", method)
	return nil, nil
}

// A registered step gets its request through the interceptor and answers with the matter, or with the
// refusal alone. The generated description of the service is not changed.
func TestRegisteredSteps(t *testing.T) {
	server, refusal := &registered{}, errors.New("refused")
	service.RegisterSteps(server, planv1.PlanService_ServiceDesc, planv1.UnimplementedPlanServiceServer{}, []string{"JoinPlan"},
		func(_ context.Context, r service.Request) (proto.Message, error) {
			if r.GetRequestId() == "no" {
				return nil, refusal
			}
			return &planv1.Plan{PlanId: r.(*planv1.JoinPlanRequest).GetPlanId()}, nil
		})
	through := ""
	intercept := func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		through = info.FullMethod
		return handle(ctx, request)
	}
	answer, err := server.call(t, "JoinPlan", &planv1.JoinPlanRequest{RequestId: "yes", PlanId: "p"}, intercept)
	if joined, is := answer.(*planv1.JoinPlanResponse); err != nil || !is || joined.GetPlan().GetPlanId() != "p" || through != planv1.PlanService_JoinPlan_FullMethodName {
		t.Errorf("answered %v, %v through %q", answer, err, through)
	}
	if answer, err := server.call(t, "JoinPlan", &planv1.JoinPlanRequest{RequestId: "no"}, nil); !errors.Is(err, refusal) || answer != nil {
		t.Errorf("refused with %v, %v", answer, err)
	}
	for i, method := range planv1.PlanService_ServiceDesc.Methods {
		if method.MethodName != server.desc.Methods[i].MethodName {
			t.Errorf("%s became %s", method.MethodName, server.desc.Methods[i].MethodName)
		}
	}
	original := &registered{&planv1.PlanService_ServiceDesc}
	if _, err := original.call(t, "JoinPlan", &planv1.JoinPlanRequest{}, func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
		return nil, refusal
	}); !errors.Is(err, refusal) {
		t.Errorf("the generated handler answers %v", err)
	}
}

// A step that is no method, or whose response is more than the matter, stops the program at its start.
func TestStepsThatAreNoMethods(t *testing.T) {
	for name, steps := range map[string][]string{"no method": {"JionPlan"}, "two fields": {"AddGoal"}, "no step": {"GetPlan"}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("registered")
				}
			}()
			service.RegisterSteps(&registered{}, planv1.PlanService_ServiceDesc, nil, steps, nil)
		})
	}
}
