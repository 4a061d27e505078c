package version_test

import (
	"testing"

	"golang.org/x/mod/semver"

	"koppi.internal/pkg/version"
)

// The number is a complete version of the contract's first major version: Go's modules, npm and Python accept it alike.
func TestNumber(t *testing.T) {
	if got := "v" + version.Number; semver.Canonical(got) != got || semver.Major(got) != "v1" || semver.Prerelease(got) != "" {
		t.Errorf("%q is no version of the form 1.2.3", version.Number)
	}
}
