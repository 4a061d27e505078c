package process

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Messages of the Redis client itself have the format of our log.
func TestRedisClientLogs(t *testing.T) {
	var log bytes.Buffer
	LogRedis(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { LogRedis(Logger()) })
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer func() { _ = client.Close() }()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a server answers at port 1")
	}
	var line map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(bytes.Split(log.Bytes(), []byte("\n"))[0]), &line); err != nil || line["error"] == "" {
		t.Errorf("%v: %s", err, log.Bytes())
	}
}
