package service

import (
	"strings"

	"google.golang.org/grpc"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/attachment/naming"
	"koppi.internal/pkg/client"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/notice"
	"koppi.internal/pkg/overview"
	"koppi.internal/pkg/statistics"
	"koppi.internal/pkg/timeline"
	"koppi.internal/pkg/worklist"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// internalAPI serves the methods that no gateway passes on from callers: this service's part of
// results over all services. Each capability serves its own methods.
type internalAPI[S matter.State] struct {
	unimplemented
	*client.Clients[S]
	*worklist.Worklist[S]
	*timeline.Timeline[S]
	*naming.Naming[S]
	*accesslog.Reader[S]
	*statistics.Counters
	*overview.Overview
	*notice.Waiting
	*basis.Bases
	*consent.Consents[S]
	*consent.Recording[S]
	*consent.Vouching[S]
	*consent.Withdrawals[S]
}

// unimplemented lies one level deeper than the capabilities, so that their methods come first.
type unimplemented struct {
	caseworkv1.UnimplementedMatterServiceServer
	caseworkv1.UnimplementedSuiteServiceServer
}

func newInternalAPI[S matter.State](s *Service[S], consents consents[S]) internalAPI[S] {
	return internalAPI[S]{
		Clients: s.Clients, Worklist: s.Worklist, Naming: s.naming, Overview: s.overview, Bases: s.Bases,
		Consents: consents.matters, Recording: consents.recording, Vouching: consents.vouching, Withdrawals: consents.withdrawals,
		Timeline: &timeline.Timeline[S]{Matters: s.Matters, Store: s.Store, Secrets: s.Secrets, AccessLog: s.AccessLog},
		Reader:   &accesslog.Reader[S]{Recorder: s.AccessLog, Engine: s.Engine, Store: s.Store, AccessLog: s.Deps.AccessLog, Secrets: s.Secrets, Scopes: s.Matters.Scopes},
		Counters: &statistics.Counters{Counters: s.Counters, Secrets: s.Secrets, Clock: s.Clock},
		Waiting:  &notice.Waiting{Notices: s.Notices, Clock: s.Clock},
	}
}

func (a internalAPI[S]) register(server grpc.ServiceRegistrar) {
	caseworkv1.RegisterMatterServiceServer(server, a)
	caseworkv1.RegisterSuiteServiceServer(server, a)
}

// SuiteMethods returns the test for methods of a service's process that only the suite's own
// processes may call: all except those of the service itself, of its mailboxes, and those that a
// gateway calls in a caller's name. A gRPC service that is added to a process is closed to callers
// until it is named here.
func SuiteMethods(name string) func(method string) bool {
	return func(method string) bool {
		for _, open := range []string{
			"/koppi." + name + ".v1.", "/" + exchangev1.ExchangeService_ServiceDesc.ServiceName + "/",
			"/" + exchangev1.ParkingService_ServiceDesc.ServiceName + "/", "/" + caseworkv1.MatterService_ServiceDesc.ServiceName + "/",
			"/" + caseworkv1.PeopleService_ServiceDesc.ServiceName + "/",
		} {
			if strings.HasPrefix(method, open) {
				return false
			}
		}
		return true
	}
}
