package attachment

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"mime"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gabriel-vasile/mimetype"
)

// allowed are the media types that are taken: papers and pictures of papers.
var allowed = []string{
	"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/heic", "image/webp", "text/plain", "text/csv",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
}

// programs are endings that a computer may run, whatever the file holds.
var programs = []string{
	".app", ".bat", ".cmd", ".com", ".cpl", ".dll", ".docm", ".exe", ".hta", ".htm", ".html", ".iso", ".jar", ".js", ".jse", ".lnk", ".msi", ".ps1",
	".py", ".reg", ".scr", ".sh", ".svg", ".vb", ".vbe", ".vbs", ".wsf", ".xlsm",
}

// maxName is how many bytes of a name file systems take.
const maxName = 255

// device is what names a device on Windows, whatever its ending.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)`)

// Why a name or content is not taken.
var (
	ErrName      = errors.New("attachment: name")
	ErrMediaType = errors.New("attachment: media type")
)

// CheckName refuses names that are no plain file names, or of programs.
func CheckName(name string) error {
	switch {
	case strings.ContainsAny(name, "/\\:*?\"<>|") || strings.TrimSpace(name) != name || strings.HasPrefix(name, "."):
		return fmt.Errorf("%w: a plain file name, without a path", ErrName)
	case len(name) > maxName || strings.HasSuffix(name, "."):
		return fmt.Errorf("%w: at most %d bytes, and no full stop at the end", ErrName, maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }):
		return fmt.Errorf("%w: it holds signs that do not show", ErrName)
	case device.MatchString(name):
		return fmt.Errorf("%w: some computers have a device of that name", ErrName)
	case slices.Contains(programs, strings.ToLower(path.Ext(name))):
		return fmt.Errorf("%w: programs are not taken", ErrName)
	}
	return nil
}

// CheckMediaType refuses types that are not taken, before anything is uploaded.
func CheckMediaType(mediaType string) error {
	if !slices.Contains(allowed, base(mediaType)) {
		return fmt.Errorf("%w: taken are PDF, pictures, text and office documents without macros", ErrMediaType)
	}
	return nil
}

func base(mediaType string) string {
	name, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return ""
	}
	return strings.ToLower(name)
}

// Judge tells the media type of content, and refuses what is not of the type said, and
// archives that hold more than an office document does.
func Judge(content *io.SectionReader, said string) (string, error) {
	found, err := mimetype.DetectReader(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		return "", err
	}
	is := base(found.String())
	said = base(said)
	// Tables of text are told from other text by guessing alone.
	text := strings.HasPrefix(said, "text/") && (is == "text/plain" || is == "text/csv")
	if is != said && !text {
		return "", fmt.Errorf("%w: the content is not of the type said", ErrMediaType)
	}
	if found.Is("application/zip") || zipped(found) {
		return said, judgeArchive(content)
	}
	return said, nil
}

// zipped tells the formats that are archives inside.
func zipped(found *mimetype.MIME) bool {
	for ; found != nil; found = found.Parent() {
		if found.Is("application/zip") {
			return true
		}
	}
	return false
}

const (
	maxEntries = 2000
	// maxUnpacked is far more than an office document of 50 MB holds.
	maxUnpacked = 500 << 20
	// maxRatio of an entry that is large: text packs to a tenth, a bomb to a thousandth.
	maxRatio, largeEntry = 200, 1 << 20
)

// judgeArchive believes no size that an archive states: it unpacks, and counts.
func judgeArchive(content *io.SectionReader) error {
	archive, err := zip.NewReader(content, content.Size())
	if err != nil || len(archive.File) > maxEntries {
		return fmt.Errorf("%w: the document cannot be opened", ErrMediaType)
	}
	total := int64(0)
	for _, entry := range archive.File {
		name := strings.ToLower(entry.Name)
		switch {
		case path.IsAbs(name) || slices.Contains(strings.Split(strings.ReplaceAll(name, "\\", "/"), "/"), ".."):
			return fmt.Errorf("%w: the document holds a path that leads out of it", ErrMediaType)
		case strings.HasSuffix(name, "vbaproject.bin") || slices.Contains(programs, path.Ext(name)) || strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/"):
			return fmt.Errorf("%w: the document holds macros or programs", ErrMediaType)
		case path.Ext(name) == ".zip":
			return fmt.Errorf("%w: the document holds an archive", ErrMediaType)
		}
		unpacked, err := unpack(entry, maxUnpacked-total)
		if err != nil {
			return err
		}
		total += unpacked
	}
	return nil
}

func unpack(entry *zip.File, left int64) (int64, error) {
	packed, err := entry.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: the document cannot be opened", ErrMediaType)
	}
	defer func() { _ = packed.Close() }()
	most := min(left, max(largeEntry, int64(min(entry.CompressedSize64, MaxBytes))*maxRatio))
	n, err := io.Copy(io.Discard, io.LimitReader(packed, most+1))
	switch {
	case n > most:
		return n, fmt.Errorf("%w: the document unpacks to too much", ErrMediaType)
	case err != nil:
		return n, fmt.Errorf("%w: the document cannot be unpacked", ErrMediaType)
	}
	return n, nil
}
