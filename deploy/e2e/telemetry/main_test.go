// Package telemetry tests traces, metrics and logs: that operators can follow a matter, and that
// nothing leaves which must not.
package telemetry

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
