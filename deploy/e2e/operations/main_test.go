// Package operations tests Koppi as operators run it: the image, Kubernetes, Compose, production
// settings, load, dashboards, alarms and erasure.
package operations

import (
	"testing"

	"koppi.internal/deploy/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
