// Package people tests who of an agency may read what: people of an agency that reads by unit read the
// matters of their units' areas, and all else is as if it did not exist.
package people

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
