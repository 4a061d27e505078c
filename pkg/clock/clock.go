// Package clock is the domain's clock, the only source from which a service takes the domain's time. Tokens,
// heartbeats and timeouts use the wall clock instead.
package clock

import (
	"context"
	"fmt"
	"sync"
	"time"

	"koppi.internal/pkg/fault"
)

// Clock returns the domain's time, in UTC and truncated to the microsecond, as the journal stores it.
type Clock interface {
	Now() time.Time
}

// System returns a clock that shows the wall clock time.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Settings is where an adjustable clock stores its state.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, found bool, err error)
	SetSetting(ctx context.Context, key, value string) error
}

const (
	keyOffset = "clock.offset"
	keyFrozen = "clock.frozen_at"
)

// Adjustable is a clock that can be moved forward in development. Its state is stored in the service's
// database, so that a restart continues from it.
type Adjustable struct {
	settings Settings

	mu sync.Mutex
	// frozen is the time at which the clock stands still; zero if it runs.
	frozen time.Time
	offset time.Duration
}

// Open reads the state of the clock. If frozenAt is set, the clock stands still at that time until it is
// moved. Open refuses a frozenAt if the clock was set before.
func Open(ctx context.Context, settings Settings, frozenAt time.Time) (*Adjustable, error) {
	c := &Adjustable{settings: settings}
	frozen, stands, err := settings.Setting(ctx, keyFrozen)
	if err != nil {
		return nil, err
	}
	offset, moved, err := settings.Setting(ctx, keyOffset)
	if err != nil {
		return nil, err
	}
	switch {
	case !frozenAt.IsZero() && (stands || moved):
		return nil, fmt.Errorf("clock: this data folder already has a clock; use --clock only with an empty folder")
	case !frozenAt.IsZero():
		return c, c.keep(ctx, frozenAt.UTC().Truncate(time.Microsecond), 0)
	case stands:
		if c.frozen, err = time.Parse(time.RFC3339Nano, frozen); err != nil {
			return nil, fmt.Errorf("clock: read the stored time: %w", err)
		}
	case moved:
		if c.offset, err = time.ParseDuration(offset); err != nil {
			return nil, fmt.Errorf("clock: read the stored offset: %w", err)
		}
	}
	return c, nil
}

// Now returns the domain's time.
func (c *Adjustable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Adjustable) now() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	return System().Now().Add(c.offset)
}

// AdvanceTo moves the clock forward to a time; it refuses an earlier time.
func (c *Adjustable) AdvanceTo(ctx context.Context, to time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	to = to.UTC().Truncate(time.Microsecond)
	now := c.now()
	if to.Before(now) {
		return fault.New(fault.InvalidField, "the clock cannot be moved back").Field("to", "must not be before the current time")
	}
	if !c.frozen.IsZero() {
		return c.keep(ctx, to, 0)
	}
	return c.keep(ctx, time.Time{}, c.offset+to.Sub(now))
}

// keep stores the state before Now shows it.
func (c *Adjustable) keep(ctx context.Context, frozen time.Time, offset time.Duration) error {
	key, value := keyOffset, offset.String()
	if !frozen.IsZero() {
		key, value = keyFrozen, frozen.Format(time.RFC3339Nano)
	}
	if err := c.settings.SetSetting(ctx, key, value); err != nil {
		return err
	}
	c.frozen, c.offset = frozen, offset
	return nil
}
