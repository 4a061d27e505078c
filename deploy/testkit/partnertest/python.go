package partnertest

import (
	"fmt"
	"os"
	"testing"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/version"
)

// PythonKit returns the environment in which Python finds the packed kit.
func PythonKit(t testing.TB) []string {
	t.Helper()
	wheel := testkit.Path(fmt.Sprintf("gateway/kits/dist/packed/python/koppi_partner-%s-py3-none-any.whl", version.Number))
	if _, err := os.Stat(wheel); err != nil {
		t.Fatal("the kits are not packed: make kits")
	}
	return append(os.Environ(), "PYTHONPATH="+wheel, "PYTHONDONTWRITEBYTECODE=1")
}
