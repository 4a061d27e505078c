// Package attack tests what attackers can do: broken frames, floods, slow connections, forged tokens,
// guessed ids and disguised identity codes.
package attack

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
