// Package callback tests how Koppi calls agencies at their endpoints, and the endpoints of the kits in
// Go and TypeScript.
package callback

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
