package process

import (
	"errors"

	"koppi.internal/pkg/idcode"
)

// Environment configures which persons an installation is for.
type Environment struct {
	TestPersons bool `help:"For a test environment: accept the identity codes of test persons (900–999) alone, refuse those of real persons, and say so on every page." env:"KOPPI_TEST_PERSONS"`
}

// Persons returns the persons whose identity codes are accepted. It refuses --test-persons beside --dev, which
// accepts all.
func (e Environment) Persons(dev bool) (idcode.Persons, error) {
	switch {
	case dev && e.TestPersons:
		return 0, errors.New("--test-persons and --dev contradict each other: --dev accepts all identity codes and gives tokens to anybody")
	case dev:
		return idcode.AllPersons, nil
	case e.TestPersons:
		return idcode.TestPersons, nil
	}
	return idcode.RealPersons, nil
}
