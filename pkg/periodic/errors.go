package periodic

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// maxErrors is the most errors of one run that are reported.
const maxErrors = 10

// Join joins the first errors, and says how many more there are.
func Join(errs []error) error {
	if len(errs) > maxErrors {
		errs = append(errs[:maxErrors:maxErrors], fmt.Errorf("and %d more", len(errs)-maxErrors))
	}
	return errors.Join(errs...)
}

// Contain turns a panic into an error, so that rules that fail on one matter do not end the
// process that serves all others. The error leaves out the panic's value, which may hold client
// data.
func Contain(act func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("periodic: panic: %s", debug.Stack())
		}
	}()
	return act()
}
