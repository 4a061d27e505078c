package load

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the result of a load.
type Report struct {
	Settings Settings `json:"settings"`
	// Took is the time until the last command was answered, in seconds.
	Took     float64  `json:"took_s"`
	Commands Commands `json:"commands"`
	// Latency of commands, from when they were due until they were accepted: of all, and of those
	// due in the run's first minute and in its last.
	Latency     Quantiles `json:"latency"`
	FirstMinute Quantiles `json:"first_minute"`
	LastMinute  Quantiles `json:"last_minute"`
	// UnderWay is how long messages took, from when their command was given until one of the
	// agency's systems received them.
	UnderWay Quantiles `json:"under_way"`
	// Slowest is UnderWay of the agency whose messages took longest (P99).
	Slowest       Quantiles `json:"slowest_under_way"`
	SlowestAgency string    `json:"slowest_agency"`
	Messages      Messages  `json:"messages"`
	// Breaks counts the matters that became overdue.
	Breaks int `json:"breaks"`
	// Server is nil if its metrics were not read.
	Server  *Server  `json:"server,omitempty"`
	Losses  Losses   `json:"losses"`
	Seconds []Second `json:"seconds"`
}

// Settings are the settings of the load.
type Settings struct {
	Address  string  `json:"address"`
	Rate     float64 `json:"rate"`
	Duration float64 `json:"duration_s"`
	Days     float64 `json:"days"`
	AtOnce   int     `json:"at_once"`
	Seed     uint64  `json:"seed"`
	Agencies int     `json:"agencies"`
	Streams  int     `json:"streams"`
}

// Commands counts the commands by their result. Due is the sum of Accepted, GivenUp and NotSent.
type Commands struct {
	Due      int `json:"due"`
	Accepted int `json:"accepted"`
	// PerSecond is the throughput: accepted commands a second.
	PerSecond float64        `json:"per_second"`
	ByMethod  map[string]int `json:"by_method"`
	// Refused by reason and Failed by code count attempts: a command that is refused for the moment
	// is tried again.
	Refused map[string]int `json:"refused"`
	Failed  map[string]int `json:"failed"`
	// GivenUp counts commands that were refused for good, or got no answer in any attempt.
	GivenUp int `json:"given_up"`
	NotSent int `json:"not_sent"`
	// Held counts commands that had to wait since too many were in flight; LongestHeld is the
	// longest wait.
	Held          int     `json:"held"`
	LongestHeld   float64 `json:"longest_held_ms"`
	MostInFlight  int     `json:"most_in_flight"`
	AtOnceReached bool    `json:"at_once_reached"`
}

// Messages counts the messages that followed from the commands.
type Messages struct {
	// Expected counts, over all agencies, the messages that accepted commands require.
	Expected int `json:"expected"`
	// Delivered counts messages over all streams; PerSecond is the same a second.
	Delivered int     `json:"delivered"`
	PerSecond float64 `json:"per_second"`
	// Reopened counts streams that were opened again.
	Reopened int `json:"reopened"`
}

// Losses must all be zero: a number above zero is a fault in Koppi.
type Losses struct {
	// Lost counts messages that an agency had to receive and never did; Doubled those that came
	// twice.
	Lost    int `json:"lost"`
	Doubled int `json:"doubled"`
	// Missed and Repeated count messages at one of an agency's streams.
	Missed   int `json:"missed"`
	Repeated int `json:"repeated"`
	// Broken lists the streams that broke, with the reason: a gap, a changed message, or one that
	// does not come.
	Broken []string `json:"broken"`
}

// None reports whether every message came once and in order.
func (l Losses) None() bool {
	return l.Lost+l.Doubled+l.Missed+l.Repeated+len(l.Broken) == 0
}

func (c Config) report(seen *measures, readers *readers, server *watched, took time.Duration, unsent int, broken []string) *Report {
	seen.mu.Lock()
	defer seen.mu.Unlock()
	r := &Report{
		Settings: Settings{c.Address, c.Rate, c.Duration.Seconds(), c.Days, c.AtOnce, c.Seed, len(readers.books), len(readers.all)},
		Took:     took.Seconds(),
		Commands: Commands{
			Due: seen.due + unsent, Accepted: len(seen.samples), PerSecond: float64(len(seen.samples)) / took.Seconds(), ByMethod: seen.accepted,
			Refused: seen.refused, Failed: seen.failed, GivenUp: seen.unanswered, NotSent: unsent,
			Held: seen.held, LongestHeld: float64(seen.longestHeld.Microseconds()) / 1000, MostInFlight: seen.mostFlying, AtOnceReached: seen.mostFlying >= c.AtOnce,
		},
		Latency: latencies(seen.samples, 0, c.Duration), FirstMinute: latencies(seen.samples, 0, firstSpan),
		LastMinute: latencies(seen.samples, c.Duration-firstSpan, c.Duration), UnderWay: quantiles(slices.Concat(slices.Collect(maps.Values(seen.underWay))...)),
		Messages: Messages{Reopened: int(readers.opened.Load()) - len(readers.all)},
		Breaks:   readers.breaks.count(), Server: server.server(), Losses: Losses{Broken: broken}, Seconds: seen.seconds(),
	}
	r.SlowestAgency, r.Slowest = seen.slowest()
	streams := map[string]int{}
	for _, one := range readers.all {
		streams[one.agency]++
	}
	for agency, book := range readers.books {
		v := book.judge(streams[agency])
		r.Messages.Expected += v.Expected
		r.Messages.Delivered += book.delivered
		r.Losses.Lost, r.Losses.Doubled = r.Losses.Lost+v.Lost, r.Losses.Doubled+v.Doubled
		r.Losses.Missed, r.Losses.Repeated = r.Losses.Missed+v.Missed, r.Losses.Repeated+v.Repeated
	}
	r.Messages.PerSecond = float64(r.Messages.Delivered) / took.Seconds()
	return r
}

// JSON writes the report as JSON.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}

// Text writes the report for people.
func (r *Report) Text(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(head, format string, args ...any) {
		_, _ = fmt.Fprintf(table, head+"\t"+format+"\n", args...)
	}
	c, m, l := r.Commands, r.Messages, r.Losses
	line("load", "%s: %g commands a second for %v, %s, seed %d", r.Settings.Address, r.Settings.Rate, seconds(r.Settings.Duration), r.rhythm(), r.Settings.Seed)
	line("", "%d agencies, %d mailbox streams", r.Settings.Agencies, r.Settings.Streams)
	line("commands", "%d due, %d accepted in %v (%.1f a second), %d given up, %d not sent", c.Due, c.Accepted, seconds(r.Took), c.PerSecond, c.GivenUp, c.NotSent)
	line("refused", "%s", listed(c.Refused))
	line("failed", "%s", listed(c.Failed))
	line("in flight", "%d at most, of %d; %d commands waited, %.1f ms at most", c.MostInFlight, r.Settings.AtOnce, c.Held, c.LongestHeld)
	line("latency", "%s", r.Latency)
	line("  first minute", "%s", r.FirstMinute)
	line("  last minute", "%s", r.LastMinute)
	line("under way", "%s", r.UnderWay)
	if r.SlowestAgency != "" {
		line("  slowest", "%s, to %s", r.Slowest, r.SlowestAgency)
	}
	line("messages", "%d expected at agencies, %d delivered to streams (%.1f a second), %d streams opened again", m.Expected, m.Delivered, m.PerSecond, m.Reopened)
	line("breaks", "%d matters overdue", r.Breaks)
	if r.Server != nil {
		line("server", "goroutines %.0f → %.0f, memory %.0f → %.0f MiB (medians of the first minute and the last)",
			r.Server.FirstGoroutines, r.Server.LastGoroutines, r.Server.FirstMemory/(1<<20), r.Server.LastMemory/(1<<20))
	}
	if l.None() {
		line("losses", "none: each stream received every accepted message once and in order")
	} else {
		line("LOSSES", "%d lost, %d doubled; at single streams %d missed, %d repeated; %d broken", l.Lost, l.Doubled, l.Missed, l.Repeated, len(l.Broken))
		for _, why := range l.Broken[:min(len(l.Broken), 10)] {
			line("", "%s", why)
		}
	}
	return table.Flush()
}

func (r *Report) rhythm() string {
	if r.Settings.Days == 0 {
		return "evenly"
	}
	return fmt.Sprintf("%g days of the country's rhythm", r.Settings.Days)
}

// String formats the quantiles for people.
func (q Quantiles) String() string {
	if q.Count == 0 {
		return "nothing"
	}
	return fmt.Sprintf("p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, at most %.1f ms", q.P50, q.P95, q.P99, q.Most)
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond)
}

func listed(counts map[string]int) string {
	if len(counts) == 0 {
		return "none"
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(all, ", ")
}
