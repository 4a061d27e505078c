package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sampleEvery is how often the metrics of the server's processes are read. It is not more often
// since each reading is work for them.
const sampleEvery = 5 * time.Second

// vitals are the metrics of all processes at one moment, added up.
type vitals struct {
	at                 time.Duration
	goroutines, memory float64
}

// watched reads the processes' metrics while the load runs.
type watched struct {
	urls []string

	mu  sync.Mutex
	all []vitals
	// failed is the last error of reading metrics.
	failed error
}

// look reads the metrics of all processes once.
func (w *watched) look(ctx context.Context, at time.Duration) error {
	sum := vitals{at: at}
	for _, url := range w.urls {
		one, err := vitalsOf(ctx, url)
		if err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.failed = err
			return err
		}
		sum.goroutines, sum.memory = sum.goroutines+one.goroutines, sum.memory+one.memory
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, sum)
	return nil
}

// run reads the metrics every sampleEvery until the context ends.
func (w *watched) run(ctx context.Context) {
	if len(w.urls) == 0 {
		return
	}
	began, ticks := time.Now(), time.NewTicker(sampleEvery)
	defer ticks.Stop()
	for {
		_ = w.look(ctx, time.Since(began))
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// vitalsOf reads one process's metrics in the Prometheus text format.
func vitalsOf(ctx context.Context, url string) (vitals, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return vitals{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return vitals{}, err
	}
	defer func() { _ = response.Body.Close() }()
	found := map[string]float64{}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && (name == "go_goroutines" || name == "process_resident_memory_bytes") {
			if found[name], err = strconv.ParseFloat(value, 64); err != nil {
				return vitals{}, fmt.Errorf("%s: %s: %w", url, name, err)
			}
		}
	}
	if len(found) < 2 {
		return vitals{}, errors.Join(fmt.Errorf("%s has neither go_goroutines nor process_resident_memory_bytes", url), err)
	}
	return vitals{goroutines: found["go_goroutines"], memory: found["process_resident_memory_bytes"]}, nil
}

// Server holds the metrics of the server's processes, added up: medians of the first minute and of
// the last.
type Server struct {
	FirstGoroutines float64 `json:"first_goroutines"`
	LastGoroutines  float64 `json:"last_goroutines"`
	FirstMemory     float64 `json:"first_memory_bytes"`
	LastMemory      float64 `json:"last_memory_bytes"`
}

func (w *watched) server() *Server {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.all) == 0 {
		return nil
	}
	end := w.all[len(w.all)-1].at
	of := func(in func(vitals) bool, what func(vitals) float64) float64 {
		var values []float64
		for _, one := range w.all {
			if in(one) {
				values = append(values, what(one))
			}
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	first := func(v vitals) bool { return v.at < firstSpan }
	last := func(v vitals) bool { return v.at > end-firstSpan || v.at == end }
	goroutines, memory := func(v vitals) float64 { return v.goroutines }, func(v vitals) float64 { return v.memory }
	return &Server{of(first, goroutines), of(last, goroutines), of(first, memory), of(last, memory)}
}
