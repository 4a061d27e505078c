package clock_test

import (
	"context"
	"testing"
	"time"

	"koppi.internal/pkg/clock"
)

type memory map[string]string

func (m memory) Setting(_ context.Context, key string) (string, bool, error) {
	value, found := m[key]
	return value, found, nil
}

func (m memory) SetSetting(_ context.Context, key, value string) error {
	m[key] = value
	return nil
}

func TestFrozenClock(t *testing.T) {
	kept, at := memory{}, time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	c, err := clock.Open(t.Context(), kept, at)
	if err != nil || !c.Now().Equal(at) {
		t.Fatal(err)
	}
	if err := c.AdvanceTo(t.Context(), at.Add(time.Hour)); err != nil || !c.Now().Equal(at.Add(time.Hour)) {
		t.Errorf("%s %v", c.Now(), err)
	}
	if err := c.AdvanceTo(t.Context(), at); err == nil {
		t.Error("the clock was moved back")
	}
	again, err := clock.Open(t.Context(), kept, time.Time{})
	if err != nil || !again.Now().Equal(at.Add(time.Hour)) {
		t.Errorf("a restart moved it to %s", again.Now())
	}
	if _, err := clock.Open(t.Context(), kept, at); err == nil {
		t.Error("a frozen clock was set again")
	}
}

func TestRunningClock(t *testing.T) {
	kept := memory{}
	c, err := clock.Open(t.Context(), kept, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	to := time.Now().Add(48 * time.Hour)
	if err := c.AdvanceTo(t.Context(), to); err != nil || c.Now().Before(to.Truncate(time.Microsecond)) {
		t.Errorf("%s %v", c.Now(), err)
	}
	again, err := clock.Open(t.Context(), kept, time.Time{})
	if err != nil || again.Now().Before(to.Truncate(time.Microsecond)) {
		t.Errorf("a restart lost the offset: %s %v", again.Now(), err)
	}
}
