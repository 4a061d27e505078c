package partner

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Cut takes an inbox file that nobody has open back to where Koppi was restored to: by
// service, the sequence of the last message that Koppi still has of this mailbox. What
// is from the first other message on goes to a file of its own beside it, for people to
// compare, whose path is returned; empty where there is none. Koppi delivers again what
// of that it still has. One that was interrupted goes on when it is asked again; a file of
// an earlier restore in its place is an error, and nothing changes.
func Cut(path string, ends map[string]uint64) (cut string, err error) {
	file, err := OpenFile(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	at, err := file.firstBeyond(ends)
	if err != nil || at == file.size {
		return "", err
	}
	if err := file.moveTo(path+".cut", at); err != nil {
		return "", fmt.Errorf("partner: %w", err)
	}
	return path + ".cut", nil
}

// firstBeyond is where in the file the first message begins that is beyond an end.
func (f *File) firstBeyond(ends map[string]uint64) (int64, error) {
	reader := bufio.NewReader(io.NewSectionReader(f.file, 0, f.size))
	for at := int64(0); ; {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return f.size, nil
		}
		if err != nil {
			return 0, fmt.Errorf("partner: %w", err)
		}
		message, _, err := readLine(text[:len(text)-1])
		if err != nil {
			return 0, err
		}
		if end, named := ends[message.GetService()]; named && message.GetSequence() > end {
			return at, nil
		}
		at += int64(len(text))
	}
}

// moveTo moves what is behind a place in the file to another file. Where that was begun
// before, and the machine stopped, it goes on; what lies there of another cut stays.
func (f *File) moveTo(path string, at int64) error {
	tail := func() io.Reader { return io.NewSectionReader(f.file, at, f.size-at) }
	switch there, err := os.Open(path); { //nolint:gosec // the path is the partner's own
	case err == nil:
		same, err := sameContent(there, tail())
		if err := errors.Join(err, there.Close()); err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("%s is of an earlier cut: move it to where it is kept, and cut again", path)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if err := copyWhole(path, tail()); err != nil {
			return err
		}
	}
	return errors.Join(f.file.Truncate(at), f.file.Sync())
}

// copyWhole makes a file that is there whole or not at all.
func copyWhole(path string, content io.Reader) error {
	part := path + ".part"
	to, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the path is the partner's own
	if err != nil {
		return err
	}
	_, err = io.Copy(to, content)
	if err := errors.Join(err, to.Sync(), to.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(part, path), syncFolder(filepath.Dir(path)))
}

func sameContent(a, b io.Reader) (bool, error) {
	left, right := sha256.New(), sha256.New()
	_, errLeft := io.Copy(left, a)
	_, errRight := io.Copy(right, b)
	return bytes.Equal(left.Sum(nil), right.Sum(nil)), errors.Join(errLeft, errRight)
}
