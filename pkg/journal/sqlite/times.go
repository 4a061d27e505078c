package sqlite

import (
	"math"
	"time"
)

// never stands for no time, behind all others.
const never = math.MaxInt64

func microsOr(t time.Time, none int64) int64 {
	if t.IsZero() {
		return none
	}
	return t.UnixMicro()
}

func timeOf(micros, none int64) time.Time {
	if micros == none {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// bytesOf makes nil and empty the same: neither is more than nothing.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// orNil reads nothing back as nil.
func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
