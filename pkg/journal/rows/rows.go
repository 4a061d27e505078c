// Package rows converts values between the journal and a store's database: sealing, chaining, and
// times as numbers. It holds no SQL.
package rows

import (
	"math"
	"time"
)

// Never is the stored value for no time; it sorts after all times.
const Never = math.MaxInt64

// Micros returns a time in microseconds since 1970, and none for the zero time.
func Micros(t time.Time, none int64) int64 {
	if t.IsZero() {
		return none
	}
	return t.UnixMicro()
}

// Time reads what Micros wrote.
func Time(micros, none int64) time.Time {
	if micros == none {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Bytes returns an empty slice for nil, since stores treat nil and empty as the same.
func Bytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// OrNil returns nil for an empty slice.
func OrNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
