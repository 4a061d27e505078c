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

// Cut truncates an inbox file to the state to which Koppi was restored. Ends holds, by service, the sequence
// of the last message that Koppi still has of this mailbox. The first message beyond an end and everything
// after it is moved to a separate file beside the inbox, for people to compare; Cut returns its path, or an
// empty text if there was nothing to move. Koppi delivers again those of the moved messages that it still
// has. The inbox must not be open elsewhere. If Cut is interrupted, call it again and it continues. If a file
// of an earlier cut is in the way, Cut returns an error and changes nothing.
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

// firstBeyond returns the offset of the first message in the file that is beyond an end; the size of the file
// if there is none.
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

// moveTo moves the end of the file, from an offset on, to another file. It continues an interrupted move. A
// file of another cut is left as it is, and is an error.
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

// copyWhole writes a file atomically: it exists complete or not at all.
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
