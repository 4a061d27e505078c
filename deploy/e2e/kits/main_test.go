// Package kits proves the partners' kits as partners get them: installed from a running gateway, outside of this
// repository.
package kits

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
