package allinone

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrInUse is the error of Lock if another process has the data folder.
var ErrInUse = errors.New("another process uses this data folder: stop it first")

// Lock reserves a data folder for this process until it is released, and creates the folder if it
// is missing. It returns ErrInUse if another process has it. The lock ends with the process, even
// if that crashes.
func Lock(data string) (release func() error, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(data, "lock"), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if !taken {
		return nil, fmt.Errorf("%s: %w", data, ErrInUse)
	}
	return lock.Unlock, nil
}
