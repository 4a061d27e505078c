package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
)

// testModel holds random appends against a few lines of Go that do the same.
func testModel(t *testing.T, open Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		folder := t.TempDir()
		store := open(t, folder)
		defer func() {
			sound(t, store)
			if err := store.Close(); err != nil {
				rt.Error(err)
			}
		}()
		versions, told, claims := map[string]uint64{}, map[string]int{}, map[string]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "appends") {
			subject := fmt.Sprintf("s/%d", rapid.IntRange(0, 3).Draw(rt, "subject"))
			after := rapid.SampledFrom([]uint64{versions[subject], versions[subject], versions[subject] + 1, 0}).Draw(rt, "after")
			agencies := rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {}}).Draw(rt, "agencies")
			if versions[subject] > 0 {
				agencies = []string{"a"}
			}
			b := batch(subject, after, agencies...)
			for i := range b.Deliveries {
				b.Deliveries[i].SubjectVersion = countOf(told, subject, b.Deliveries[i].Agency) + 1
				b.Standings[i].Version = b.Deliveries[i].SubjectVersion
			}
			from := rapid.SampledFrom([]string{"", "s/0", "s/1"}).Draw(rt, "from")
			b = claimed(b, from, "key", subject, "")
			b.Claims[0].Version = after + 1
			wins := after == versions[subject] && claims["key"] == from
			_, err := store.Append(context.Background(), b)
			var conflict *journal.ConflictError
			if wins != (err == nil) || err != nil && !errors.As(err, &conflict) {
				rt.Fatalf("%s after %d, claim from %q: %v", subject, after, from, err)
			}
			if wins {
				versions[subject]++
				claims["key"] = subject
				for _, agency := range agencies {
					told[agency]++
					told[subject+" "+agency]++
				}
			}
		}
		for _, agency := range []string{"a", "b"} {
			if got := len(mailbox(t, store, agency)); got != told[agency] {
				rt.Fatalf("%d messages for %s, want %d", got, agency, told[agency])
			}
		}
	})
}

func countOf(told map[string]int, subject, agency string) uint64 {
	return uint64(told[subject+" "+agency]) //nolint:gosec // a small count
}
