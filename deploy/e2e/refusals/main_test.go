// Package refusals tests that invalid requests are refused, each with its own status and reason, and
// change nothing.
package refusals

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
