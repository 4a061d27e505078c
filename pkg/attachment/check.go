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

// allowed are the media types that are accepted: documents and pictures of documents.
var allowed = []string{
	"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/heic", "image/webp", "text/plain", "text/csv",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet",
}

// programs are the file name extensions that a computer may execute, whatever the file contains.
var programs = []string{
	".app", ".bat", ".cmd", ".com", ".cpl", ".dll", ".docm", ".exe", ".hta", ".htm", ".html", ".iso", ".jar", ".js", ".jse", ".lnk", ".msi", ".ps1",
	".py", ".reg", ".scr", ".sh", ".svg", ".vb", ".vbe", ".vbs", ".wsf", ".xlsm",
}

// maxName is the longest file name that file systems accept, in bytes.
const maxName = 255

// device matches the names of devices on Windows, with any extension.
var device = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)`)

// Reasons for which a name or content is refused.
var (
	ErrName      = errors.New("attachment: name")
	ErrMediaType = errors.New("attachment: media type")
)

// CheckName refuses names that are not plain file names, or that are names of programs.
func CheckName(name string) error {
	switch {
	case strings.ContainsAny(name, "/\\:*?\"<>|") || strings.TrimSpace(name) != name || strings.HasPrefix(name, "."):
		return fmt.Errorf("%w: use a plain file name, without a path", ErrName)
	case len(name) > maxName || strings.HasSuffix(name, "."):
		return fmt.Errorf("%w: use at most %d bytes, without a full stop at the end", ErrName, maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }):
		return fmt.Errorf("%w: the name contains invisible characters", ErrName)
	case device.MatchString(name):
		return fmt.Errorf("%w: the name is reserved for a device on some computers", ErrName)
	case slices.Contains(programs, strings.ToLower(path.Ext(name))):
		return fmt.Errorf("%w: programs are not accepted", ErrName)
	}
	return nil
}

// texts are the media types that are accepted as text. Web pages and scripts, which a computer may execute,
// are not among them. Unknown is the type that detection returns for content of no known type.
var texts = []string{"text/plain", "text/tab-separated-values", "message/rfc822", "application/mbox"}

const unknown = "application/octet-stream"

// errNotAccepted says which types are accepted.
var errNotAccepted = fmt.Errorf("%w: accepted are PDF, images, text and office documents without macros", ErrMediaType)

// Judge returns the media type of content, determined from the content: the type that a browser sends follows
// the file name or is missing. The type in said is used only to tell whether text is a table. Judge refuses
// types that are not accepted, and archives with more in them than an office document has.
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
		return "", errNotAccepted
	}
}

func base(mediaType string) string {
	name, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return ""
	}
	return strings.ToLower(name)
}

// isKind reports whether a type is of a kind, directly or as a subtype: an office document is an archive, and
// a table is text.
func isKind(found *mimetype.MIME, kind string) bool {
	for ; found != nil; found = found.Parent() {
		if found.Is(kind) {
			return true
		}
	}
	return false
}

// isText reports whether content has no byte that does not occur in text of any ASCII-like encoding. Old
// programs end a text with 0x1A.
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
	// maxUnpacked is the largest unpacked size of an archive, in bytes, far more than an office document of
	// 50 MB has.
	maxUnpacked = 500 << 20
	// maxRatio is the highest ratio of unpacked to packed size, once smallUnpacked bytes are exceeded. Text
	// shrinks to a tenth and a blank picture to a thousandth, but a decompression bomb consists only of such
	// data.
	maxRatio, smallUnpacked = 100, 64 << 20
	// maxKindEntry is the largest size of the entry that names the type of an OpenDocument file, in bytes.
	maxKindEntry = 200
)

// kinds maps the entries by which office documents are recognised, anywhere in the archive, to their media
// types.
var kinds = map[string]string{
	"word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xl/workbook.xml":   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// judgeArchive returns the type of office document that an archive is. It does not rely on the sizes stated
// in the archive, but unpacks and counts.
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
			return "", fmt.Errorf("%w: the document contains a path that points outside it", ErrMediaType)
		case strings.HasSuffix(name, "vbaproject.bin") || slices.Contains(programs, path.Ext(name)) || strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/"):
			return "", fmt.Errorf("%w: the document contains macros or programs", ErrMediaType)
		case path.Ext(name) == ".zip":
			return "", fmt.Errorf("%w: the document contains an archive", ErrMediaType)
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
		return "", errNotAccepted
	}
	return is, nil
}

// unpack counts the size of an entry and returns how many bytes remain allowed. It writes the beginning of
// the entry to said.
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
		return 0, fmt.Errorf("%w: the unpacked document is too large", ErrMediaType)
	case err != nil:
		return 0, fmt.Errorf("%w: the document cannot be unpacked", ErrMediaType)
	}
	return left - begin - rest, nil
}
