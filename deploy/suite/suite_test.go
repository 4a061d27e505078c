package suite_test

import (
	"log/slog"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/clock"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/service"
)

// methods are the unary methods that a service registers, with what implements them.
type methods struct {
	all  []grpc.MethodDesc
	impl []any
}

func (m *methods) RegisterService(desc *grpc.ServiceDesc, impl any) {
	for _, method := range desc.Methods {
		m.all, m.impl = append(m.all, method), append(m.impl, impl)
	}
}

// Every method of every service is implemented: without a caller it refuses, and does not answer
// UNIMPLEMENTED.
func TestEveryMethodIsServed(t *testing.T) {
	for _, one := range suite.Services {
		built, err := one.New(service.Deps{Clock: clock.System(), Notify: &notify.Hub{}, NewID: func() string { return "" }, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		served := &methods{}
		built.Register(served)
		if len(served.all) < 20 {
			t.Errorf("%s: %d methods", one.Name, len(served.all))
		}
		for i, method := range served.all {
			t.Run(one.Name+"/"+method.MethodName, func(t *testing.T) {
				defer func() {
					// Methods for the suite's own processes ask for no caller and reach the store, which is not there.
					_ = recover()
				}()
				_, err := method.Handler(served.impl[i], t.Context(), func(any) error { return nil }, nil)
				if status.Code(err) == codes.Unimplemented {
					t.Error(err)
				}
			})
		}
	}
}
