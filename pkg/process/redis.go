package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/sync/errgroup"

	"koppi.internal/pkg/denylist"
	"koppi.internal/pkg/lease"
	"koppi.internal/pkg/limit"
	"koppi.internal/pkg/notify"
	"koppi.internal/pkg/signal"
	"koppi.internal/pkg/telemetry"
)

// Notifier returns the notifier of a service: over Redis if url is set, otherwise within this process. Its
// background work runs in the group.
func Notifier(ctx context.Context, url, name string, logger *slog.Logger, group *errgroup.Group) (notify.Notifier, error) {
	if url == "" {
		return &notify.Hub{}, nil
	}
	client, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	hub := notify.NewRedis(client, name, logger)
	group.Go(func() error { return errors.Join(hub.Run(ctx), client.Close()) })
	return hub, nil
}

// Signals returns the hub for signals: over Redis if url is set, otherwise within this process. Its
// background work runs in the group.
func Signals(ctx context.Context, url, name string, logger *slog.Logger, group *errgroup.Group) (signal.Hub, error) {
	if url == "" {
		return &signal.Local{}, nil
	}
	client, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	hub := signal.NewRedis(client, name, logger)
	group.Go(func() error { return errors.Join(hub.Run(ctx), client.Close()) })
	return hub, nil
}

// Leases returns the leases by which several processes agree which does what: over Redis if url is set,
// otherwise for a single process.
func Leases(url string) (lease.Leases, error) {
	if url == "" {
		return lease.Alone{}, nil
	}
	client, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	return lease.NewRedis(client), nil
}

// clientLog logs messages of the Redis client itself, such as that it cannot connect, in the format of our
// log.
type clientLog struct{ logger *slog.Logger }

// LogRedis makes the Redis clients in this process log to a logger. Call it once, before the first client is
// made.
func LogRedis(logger *slog.Logger) { redis.SetLogger(clientLog{logger}) }

// Printf logs a message of the client, with the error of a connection.
func (l clientLog) Printf(ctx context.Context, format string, values ...any) {
	l.logger.WarnContext(ctx, "redis", slog.String("error", fmt.Sprintf(format, values...)))
}

func openRedis(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		// A URL that cannot be parsed may contain a password.
		return nil, errors.New("--redis: write redis://host:port, or rediss:// for TLS")
	}
	client := redis.NewClient(options)
	if err := errors.Join(redisotel.InstrumentTracing(client, redisotel.WithDBStatement(false)), redisotel.InstrumentMetrics(client)); err != nil {
		return nil, fmt.Errorf("--redis: %w", err)
	}
	observe(client)
	return client, nil
}

var redisUp = telemetry.Gauge("koppi.redis.up", "", "Whether Redis answers.")

// pingTime is the timeout of the check whether Redis answers.
const pingTime = 2 * time.Second

// observe reports in a metric whether Redis answers, until the client is closed.
func observe(client *redis.Client) {
	telemetry.Observe(func(ctx context.Context, observer metric.Observer) error {
		ctx, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		err := client.Ping(ctx).Err()
		if errors.Is(err, redis.ErrClosed) {
			return nil
		}
		up := 1.0
		if err != nil {
			up = 0
		}
		observer.ObserveFloat64(redisUp, up)
		return nil
	}, redisUp)
}

// Limiter returns the rate limiter for the settings, over Redis if url is set; nil if there is no limit.
func Limiter(ctx context.Context, settings limit.Settings, url string, group *errgroup.Group) (*limit.Limiter, error) {
	if url == "" || settings == (limit.Settings{}) {
		return settings.Open(nil)
	}
	client, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	limiter, err := settings.Open(client)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	group.Go(func() error {
		<-ctx.Done()
		return client.Close()
	})
	return limiter, nil
}

// Denylist returns the session denylist, over Redis if url is set.
func Denylist(ctx context.Context, url string, group *errgroup.Group) (*denylist.Denylist, error) {
	if url == "" {
		return denylist.New(nil)
	}
	client, err := openRedis(url)
	if err != nil {
		return nil, err
	}
	group.Go(func() error {
		<-ctx.Done()
		return client.Close()
	})
	return denylist.New(client)
}
