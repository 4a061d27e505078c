package matter

import (
	"encoding/base32"
	"fmt"
	"io"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
)

// Number is the number by which people call a matter, such as "7F3Q-92KD". It is random, so that it
// tells nothing of the matter: no order, no count, no client. It is empty where it is not known.
type Number string

// numberBytes are the 40 bits that eight characters hold.
const numberBytes = 5

// crockford is the alphabet of Crockford's base32: without I, L and O, which look like digits, and
// without U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var numberEncoding = base32.NewEncoding(crockford).WithPadding(base32.NoPadding)

// written is the form in which people write a number. The decoder of base32 is more lenient.
var written = regexp.MustCompile(`^[0-9A-Za-z]{4}-?[0-9A-Za-z]{4}$`)

// mistaken replaces the letters that people write for digits, and the hyphen.
var mistaken = strings.NewReplacer("I", "1", "L", "1", "O", "0", "-", "")

// DrawNumber draws a number from a random source.
func DrawNumber(random io.Reader) (Number, error) {
	bits := make([]byte, numberBytes)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", fmt.Errorf("matter: draw a number: %w", err)
	}
	return NumberOf(bits), nil
}

// NumberOf returns the number that the first 40 bits of a digest make. The digest must be at least
// as long.
func NumberOf(digest []byte) Number {
	text := numberEncoding.EncodeToString(digest[:numberBytes])
	return Number(text[:4] + "-" + text[4:])
}

// ParseNumber reads a number as people write it: in lower case, without the hyphen, or with I, L
// and O for digits. It refuses with fault.InvalidField what is no number, without repeating it: it
// may be something else that nobody may read.
func ParseNumber(field, text string) (Number, error) {
	bits, err := numberEncoding.DecodeString(mistaken.Replace(strings.ToUpper(text)))
	if err != nil || !written.MatchString(text) {
		return "", fault.New(fault.InvalidField, "this is not the number of a matter").
			Field(field, `eight digits and letters, as in "7F3Q-92KD"; no U`)
	}
	return NumberOf(bits), nil
}

// UniqueKey returns the unique key that a matter with this number holds from its first event on,
// so that no other gets it; empty for a matter without a recorded number.
func (n Number) UniqueKey() string {
	if n == "" {
		return ""
	}
	return "number/" + string(n)
}

// NumberIn returns the number that the first of a matter's events recorded.
func NumberIn(events []Event) Number {
	if len(events) == 0 {
		return ""
	}
	return numberIn(events[0].Message)
}

// numberIn returns the number that a message records; empty if it records none.
func numberIn(message proto.Message) Number {
	if first, records := message.(interface{ GetMatterNumber() string }); records {
		return Number(first.GetMatterNumber())
	}
	return ""
}
