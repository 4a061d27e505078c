package allinone

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrInUse says that a process has the data folder.
var ErrInUse = errors.New("a process has this data folder: stop it first")

// Lock takes a data folder, which is made where it is missing, for this process alone
// until it is released; ErrInUse where another has it. The lock ends with the process,
// however that ends.
func Lock(data string) (release func() error, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(data, "lock"), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("take the data folder: %w", err)
	}
	if !taken {
		return nil, fmt.Errorf("%s: %w", data, ErrInUse)
	}
	return lock.Unlock, nil
}
