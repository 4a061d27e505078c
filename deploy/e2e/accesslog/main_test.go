// Package accesslog tests the access log: who sees which reading and change of a client's data, and
// that the log cannot be rewritten unnoticed.
package accesslog

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
