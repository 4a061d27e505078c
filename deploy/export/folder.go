package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is an export while it is written, beside its target. Only its owner may read it.
type folder struct{ part, target string }

// newFolder begins an export. A target that holds anything is refused.
func newFolder(target string) (folder, error) {
	entries, err := os.ReadDir(target)
	switch {
	case err == nil && len(entries) > 0:
		return folder{}, fmt.Errorf("%s is not empty: name a new folder", target)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return folder{}, err
	}
	target, err = filepath.Abs(target)
	if err != nil {
		return folder{}, err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return folder{}, err
	}
	f := folder{target: target}
	if f.part, err = os.MkdirTemp(filepath.Dir(target), filepath.Base(target)+".part-"); err != nil {
		return folder{}, err
	}
	for _, name := range []string{mailboxFolder, attachmentsFolder} {
		if err := os.Mkdir(filepath.Join(f.part, name), 0o700); err != nil {
			return folder{}, errors.Join(err, f.discard())
		}
	}
	return f, nil
}

// finish writes the manifest and its sum, and gives the folder its name.
func (f folder) finish(manifest Manifest) (sum string, err error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return "", err
	}
	written, err := f.write(manifestFile, append(text, '\n'))
	if err != nil {
		return "", err
	}
	// In the form of sha256sum.
	if _, err := f.write(manifestSumFile, []byte(written.SHA256+"  "+manifestFile+"\n")); err != nil {
		return "", err
	}
	for _, path := range []string{filepath.Join(f.part, mailboxFolder), filepath.Join(f.part, attachmentsFolder), f.part} {
		if err := syncFolder(path); err != nil {
			return "", err
		}
	}
	// An empty folder makes room; one that is not empty any more cannot be removed.
	if there, err := os.Lstat(f.target); err == nil && there.IsDir() {
		if err := os.Remove(f.target); err != nil {
			return "", err
		}
	}
	if err := os.Rename(f.part, f.target); err != nil {
		return "", err
	}
	return written.SHA256, syncFolder(filepath.Dir(f.target))
}

// discard removes what was written, unless it has its name.
func (f folder) discard() error { return os.RemoveAll(f.part) }

func syncFolder(path string) error {
	opened, err := os.Open(path) //nolint:gosec // the caller's own
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

func (f folder) has(name string) bool {
	_, err := os.Lstat(filepath.Join(f.part, name))
	return err == nil
}

func (f folder) remove(name string) error { return os.Remove(filepath.Join(f.part, name)) }

func (f folder) write(name string, text []byte) (File, error) {
	out, err := f.create(name)
	if err != nil {
		return File{}, err
	}
	if _, err := out.Write(text); err != nil {
		return File{}, errors.Join(err, out.Close())
	}
	return out.finish()
}

// file is a file of the export that is hashed while it is written.
type file struct {
	name   string
	opened *os.File
	out    *bufio.Writer
	sum    hash.Hash
	size   int64
}

func (f folder) create(name string) (*file, error) {
	opened, err := os.OpenFile(filepath.Join(f.part, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // a name of the format in our own folder
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	return &file{name: name, opened: opened, out: bufio.NewWriterSize(io.MultiWriter(opened, sum), 64<<10), sum: sum}, nil
}

func (f *file) Write(text []byte) (int, error) {
	written, err := f.out.Write(text)
	f.size += int64(written)
	return written, err
}

// finish has the file on the disk before it returns.
func (f *file) finish() (File, error) {
	err := errors.Join(f.out.Flush(), f.opened.Sync(), f.opened.Close())
	return File{Name: f.name, SizeBytes: f.size, SHA256: hex.EncodeToString(f.sum.Sum(nil))}, err
}

// Close closes a file that is not finished.
func (f *file) Close() error { return f.opened.Close() }
