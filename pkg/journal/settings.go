package journal

import "context"

// Settings keeps a few values beside the journal that are not history, such as how far a developer
// has moved the clock.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, found bool, err error)
	// SetSetting stores a value, which is durable when it returns.
	SetSetting(ctx context.Context, key, value string) error
}
