package overview

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"koppi.internal/pkg/journal"
)

// Counting takes a small part of the time, and counts are never older than a minute.
func TestCountingRests(t *testing.T) {
	for took, fresh := range map[time.Duration]time.Duration{0: 0, 100 * time.Millisecond: 5 * time.Second, 10 * time.Second: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			counted := int64(0)
			p := &countCache{count: func(context.Context, time.Time) ([]journal.OpenMatters, error) {
				counted++
				time.Sleep(took)
				return []journal.OpenMatters{{Streams: counted}}, nil
			}}
			began := time.Now()
			read := func() int64 {
				open, err := p.at(t.Context(), time.Time{})
				if err != nil {
					t.Fatal(err)
				}
				return open[0].Streams
			}
			if first := read(); first != 1 {
				t.Fatal(first)
			}
			if fresh > 0 {
				time.Sleep(time.Until(began.Add(fresh - time.Millisecond)))
				if again := read(); again != 1 {
					t.Errorf("%v: counted again after %v", took, time.Since(began))
				}
			}
			time.Sleep(time.Until(began.Add(fresh)))
			if later := read(); later != 2 {
				t.Errorf("%v: not counted again after %v", took, time.Since(began))
			}
		})
	}
}

func TestFailureOfCountingIsNotKept(t *testing.T) {
	failed := errors.New("down")
	p := &countCache{count: func(context.Context, time.Time) ([]journal.OpenMatters, error) { return nil, failed }}
	if _, err := p.at(t.Context(), time.Time{}); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	failed = nil
	if _, err := p.at(t.Context(), time.Time{}); err != nil {
		t.Error(err)
	}
}
