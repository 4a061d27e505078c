// Package pages tests the pages in a browser, together with the gateway that serves them.
package pages

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
