// Package matters tests matters from the beginning to the end and the views of them: scenarios,
// worklists, timelines, attachments, statistics.
package matters

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
