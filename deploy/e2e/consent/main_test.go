// Package consent tests consents, prohibitions, overrides and withdrawals, and that beginning a matter
// reveals nothing new of a client.
package consent

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
