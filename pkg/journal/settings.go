package journal

import "context"

// Settings keeps a few words beside the journal that are no history, such as how
// far development has moved the clock.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, found bool, err error)
	// SetSetting is durable when it returns.
	SetSetting(ctx context.Context, key, value string) error
}
