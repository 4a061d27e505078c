// Package worktree finds the repository in which a test runs.
package worktree

import (
	"errors"
	"os"
	"path/filepath"
)

// Path returns the absolute path of a file in the repository, such as Path("deploy/keeping.md"). It fails
// if the working folder is not within the repository.
func Path(path string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return filepath.Join(folder, filepath.FromSlash(path)), nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no go.work in this folder or above it: tests run within the repository")
		}
		folder = parent
	}
}
