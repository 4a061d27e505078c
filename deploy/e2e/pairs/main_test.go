// Package pairs plays pairs of histories that differ only in what a reader may not know, and compares
// all that the reader is answered.
package pairs

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
