package attachment

import (
	"archive/zip"
	"bufio"
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

// texts are the kinds of text that are taken as text: not pages and scripts, which a computer may
// run. Unknown is what is told of content that is none of the kinds known.
var texts = []string{"text/plain", "text/tab-separated-values", "message/rfc822", "application/mbox"}

const unknown = "application/octet-stream"

// errNotTaken says what is taken.
var errNotTaken = fmt.Errorf("%w: taken are PDF, pictures, text and office documents without macros", ErrMediaType)

// Judge tells the media type of content, by the content alone: what a browser says of a file
// goes by its name, or is left out. What it said is a hint for one thing, whether text is a
// table. It refuses types that are not taken, and archives that hold more than an office
// document does.
func Judge(content *io.SectionReader, said string) (string, error) {
	found, err := mimetype.DetectReader(io.NewSectionReader(content, 0, content.Size()))
	if err != nil {
		return "", err
	}
	switch is := base(found.String()); {
	case isKind(found, "application/zip"):
		return judgeArchive(content)
	case is == "text/csv", slices.Contains(texts, is) && base(said) == "text/csv":
		return "text/csv", nil
	case slices.Contains(texts, is), is == unknown && isText(io.NewSectionReader(content, 0, content.Size())):
		return "text/plain", nil
	case slices.Contains(allowed, is):
		return is, nil
	default:
		return "", errNotTaken
	}
}

func base(mediaType string) string {
	name, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return ""
	}
	return strings.ToLower(name)
}

// isKind tells whether a type is another, or one of its kind: an office document is an archive, and
// a table is text.
func isKind(found *mimetype.MIME, kind string) bool {
	for ; found != nil; found = found.Parent() {
		if found.Is(kind) {
			return true
		}
	}
	return false
}

// isText tells whether content has no byte that text in any ASCII-like encoding lacks. Old programs
// end a text with 0x1A.
func isText(content io.Reader) bool {
	in := bufio.NewReader(content)
	for {
		one, err := in.ReadByte()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch {
		case one == 0x1A:
			_, err := in.ReadByte()
			return errors.Is(err, io.EOF)
		case one < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", rune(one)):
			return false
		}
	}
}

const (
	maxEntries = 2000
	// maxUnpacked is far more than an office document of 50 MB holds.
	maxUnpacked = 500 << 20
	// maxRatio is how much more a document holds than it is long, beyond smallUnpacked: text packs
	// to a tenth, a blank picture to a thousandth, and a bomb is all of such.
	maxRatio, smallUnpacked = 100, 64 << 20
	// maxKindEntry bounds the entry that says what an OpenDocument is.
	maxKindEntry = 200
)

// The entries by which office documents are known, wherever in the archive they lie.
var kinds = map[string]string{
	"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xl/workbook.xml":   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// judgeArchive tells which office document an archive is. It believes no size that an archive
// states: it unpacks, and counts.
func judgeArchive(content *io.SectionReader) (is string, err error) {
	archive, err := zip.NewReader(content, content.Size())
	if err != nil || len(archive.File) > maxEntries {
		return "", fmt.Errorf("%w: the document cannot be opened", ErrMediaType)
	}
	left := min(maxUnpacked, max(smallUnpacked, content.Size()*maxRatio))
	for _, entry := range archive.File {
		name := strings.ToLower(entry.Name)
		switch {
		case path.IsAbs(name) || slices.Contains(strings.Split(strings.ReplaceAll(name, "\\", "/"), "/"), ".."):
			return "", fmt.Errorf("%w: the document holds a path that leads out of it", ErrMediaType)
		case strings.HasSuffix(name, "vbaproject.bin") || slices.Contains(programs, path.Ext(name)) || strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/"):
			return "", fmt.Errorf("%w: the document holds macros or programs", ErrMediaType)
		case path.Ext(name) == ".zip":
			return "", fmt.Errorf("%w: the document holds an archive", ErrMediaType)
		}
		var said strings.Builder
		if left, err = unpack(entry, left, &said); err != nil {
			return "", err
		}
		switch {
		case kinds[name] != "":
			is = kinds[name]
		case name == "mimetype":
			is = strings.TrimSpace(said.String())
		}
	}
	if !slices.Contains(allowed, is) {
		return "", errNotTaken
	}
	return is, nil
}

// unpack counts an entry, and returns how much may still come. It writes the beginning to said.
func unpack(entry *zip.File, left int64, said io.Writer) (int64, error) {
	packed, err := entry.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: the document cannot be opened", ErrMediaType)
	}
	defer func() { _ = packed.Close() }()
	begin, err := io.Copy(said, io.LimitReader(packed, maxKindEntry))
	if err != nil {
		return 0, fmt.Errorf("%w: the document cannot be unpacked", ErrMediaType)
	}
	rest, err := io.Copy(io.Discard, io.LimitReader(packed, max(0, left-begin)+1))
	switch {
	case begin+rest > left:
		return 0, fmt.Errorf("%w: the document unpacks to too much", ErrMediaType)
	case err != nil:
		return 0, fmt.Errorf("%w: the document cannot be unpacked", ErrMediaType)
	}
	return left - begin - rest, nil
}
