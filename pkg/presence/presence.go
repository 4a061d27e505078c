// Package presence holds the former names of what pkg/lease and pkg/denylist hold, for tests of the suite
// that still use them.
package presence

import (
	"github.com/redis/go-redis/v9"

	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/lease"
)

// NewRedis is lease.NewRedis.
func NewRedis(client *redis.Client) *lease.Redis { return lease.NewRedis(client) }

// NewEnded is denylist.New.
func NewEnded(client *redis.Client) (*denylist.Denylist, error) { return denylist.New(client) }
