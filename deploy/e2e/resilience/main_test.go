// Package resilience tests that nothing is lost when processes, servers and connections fail, and when
// operators upgrade, restore and rotate keys.
package resilience

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
