package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/serve"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// slow is a service that takes time to count a month.
type slow struct {
	caseworkv1.UnimplementedSuiteServiceServer
	now   time.Time
	takes time.Duration

	mu     sync.Mutex
	err    error
	months []string
}

func (s *slow) Tally(r *caseworkv1.TallyRequest, stream grpc.ServerStreamingServer[caseworkv1.TallyResponse]) error {
	s.mu.Lock()
	err := s.err
	if r.GetMonth() != "" {
		s.months = append(s.months, r.GetMonth())
	}
	s.mu.Unlock()
	if r.GetMonth() == "" {
		return stream.Send(&caseworkv1.TallyResponse{Now: timestamppb.New(s.now), FirstMonth: string(firstMonth)})
	}
	select {
	case <-time.After(s.takes):
		return err
	case <-stream.Context().Done():
		return stream.Context().Err()
	}
}

// counted are the months that were asked for.
func (s *slow) counted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.months)
}

func (s *slow) fails(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// statistics are those of the service, on the clock of a synctest bubble.
func (s *slow) statistics(t *testing.T) *Statistics {
	t.Helper()
	listener, server := serve.Memory(), grpc.NewServer()
	caseworkv1.RegisterSuiteServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	conn, err := serve.Connect(listener)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
		synctest.Wait()
	})
	return New(fanout.Services{"concerns": conn}, slog.New(slog.DiscardHandler))
}

const january, march = "2026-01", "2026-03"

// A reader whose time is up does not undo what has been counted, and others that wait get it. Each
// month is counted once.
func TestAReaderInterruptsNoCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &slow{now: time.Date(2026, 4, 20, 9, 0, 0, 0, time.UTC), takes: time.Minute}
		s := service.statistics(t)
		var readers sync.WaitGroup
		readers.Go(func() {
			hurried, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if _, _, err := s.Read(hurried, january, march); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the hurried reader: %v", err)
			}
		})
		for range 3 {
			readers.Go(func() {
				if _, ended, err := s.Read(t.Context(), january, march); err != nil || !ended {
					t.Errorf("a patient reader: %v %v", ended, err)
				}
			})
		}
		readers.Wait()
		if n := service.counted(); n != 3 {
			t.Errorf("%d months were counted", n)
		}
	})
}

// The months are counted before anybody reads them, and again after a failure.
func TestMonthsAreCountedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &slow{now: time.Date(2026, 4, 20, 9, 0, 0, 0, time.UTC), takes: time.Minute, err: status.Error(codes.Unavailable, "down")}
		s := service.statistics(t)
		running, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { s.Run(running) })
		time.Sleep(2 * time.Minute) // on the bubble's clock
		if _, _, err := s.Read(t.Context(), january, march); status.Code(err) != codes.Unavailable {
			t.Errorf("while the service is down: %v", err)
		}
		service.fails(nil)
		time.Sleep(closeEvery + 4*time.Minute) // on the bubble's clock
		before := service.counted()
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ended, err := s.Read(hurried, january, march); err != nil || !ended || service.counted() != before {
			t.Errorf("a reader of counted months: %v %v, %d counted instead of %d", ended, err, service.counted(), before)
		}
		stop()
		run.Wait()
	})
}

// Counters that nothing can be made of fail the readers, and end no process.
func TestAMonthThatCannotBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &slow{now: time.Date(2026, 4, 20, 9, 0, 0, 0, time.UTC)}
		s := service.statistics(t)
		s.book = nil
		if _, _, err := s.Read(t.Context(), january, march); err == nil {
			t.Error("it was read")
		}
	})
}
