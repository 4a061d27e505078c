// Package delivery tests how messages reach agencies: standing connections, conversations, koppi
// watch, large mailboxes and mail to units.
package delivery

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
