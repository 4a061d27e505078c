package attachment

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"gocloud.dev/blob/fileblob"
)

// foldersOf returns the paths of the buckets that are folders.
func foldersOf(addresses ...string) []string {
	var folders []string
	for _, address := range addresses {
		if at, err := url.Parse(address); err == nil && at.Scheme == fileblob.Scheme {
			folders = append(folders, filepath.FromSlash(at.Path))
		}
	}
	return folders
}

// sync makes the files of an attachment durable. An object store is durable when it answers, but a file only
// once it is synced.
func (s *Store) sync(id string) error {
	for _, folder := range s.folders {
		err := filepath.WalkDir(filepath.Join(folder, id), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return syncPath(path)
		})
		if err := errors.Join(forgiven(err), forgiven(syncPath(folder))); err != nil {
			return wrap(err)
		}
	}
	return nil
}

func syncPath(path string) error {
	file, err := os.Open(path) //nolint:gosec // within the bucket
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// forgiven ignores the error that a file does not exist, because a sweep or a concurrent writer has removed
// it.
func forgiven(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
