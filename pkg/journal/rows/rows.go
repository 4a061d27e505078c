// Package rows is what every store does to values on their way into a database and
// out of it: sealing, chaining, and times as numbers. It holds no SQL.
package rows

import (
	"math"
	"time"
)

// Never stands for no time, behind all others.
const Never = math.MaxInt64

// Micros is a time in microseconds since 1970; none stands for the zero time.
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

// Bytes makes nil and empty the same: neither is more than nothing.
func Bytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// OrNil reads nothing back as nil.
func OrNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
