// Package docs tests the documentation together with the Koppi that serves it: its commands and their answers,
// and the OpenAPI document with foreign tools.
package docs

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
