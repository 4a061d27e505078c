// Package identity knows who calls and whom a matter concerns: tokens and the
// callers they speak for, identity codes and the names that stand in their place.
package identity

import (
	"strings"
	"time"

	"koppi.internal/pkg/fault"
)

// Code is a valid Finnish personal identity code (661/2009 § 11, and the
// separators of 2023). It never appears in an error, log or message.
type Code struct{ text string }

// String is the code in capitals. Only what seals it may ask.
func (c Code) String() string { return c.text }

const (
	checkCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	codeLength      = 11
	// Individual numbers from here on are of test persons.
	firstTestNumber  = 900
	firstValidNumber = 2
)

// century of birth, as the separator tells it.
func century(separator byte) (int, bool) {
	switch {
	case separator == '+':
		return 1800, true
	case strings.IndexByte("-YXWVU", separator) >= 0:
		return 1900, true
	case strings.IndexByte("ABCDEF", separator) >= 0:
		return 2000, true
	default:
		return 0, false
	}
}

// ParseCode checks form, date, check character and, unless allowed, that it is
// not of the range for test persons.
func ParseCode(text string, allowTest bool) (Code, error) {
	invalid := fault.New(fault.InvalidIdentityCode, "the identity code is not valid").
		Field("client.personal_identity_code", "not a valid identity code")
	code := strings.ToUpper(text)
	if len(code) != codeLength {
		return Code{}, invalid
	}
	first, known := century(code[6])
	birth, dateOK := digits(code[:6])
	number, numberOK := digits(code[7:10])
	if !known || !dateOK || !numberOK {
		return Code{}, invalid
	}
	day, month, year := birth/10000, birth/100%100, first+birth%100
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day || int(date.Month()) != month {
		return Code{}, invalid
	}
	if checkCharacters[(birth*1000+number)%31] != code[10] || number < firstValidNumber {
		return Code{}, invalid
	}
	if number >= firstTestNumber && !allowTest {
		return Code{}, fault.New(fault.InvalidIdentityCode, "identity codes of test persons are not accepted here").
			Field("client.personal_identity_code", "of a test person")
	}
	return Code{text: code}, nil
}

func digits(text string) (int, bool) {
	value := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		value = value*10 + int(text[i]-'0')
	}
	return value, true
}

// ContainsCode tells whether a text holds anything of an identity code's shape,
// valid or not: six digits, a sign of a century, three digits and a character.
// Spaces and typographic dashes around the sign do not hide it. It rather finds
// too much: a person rewrites a sentence, a leak cannot be taken back.
func ContainsCode(text string) bool {
	shape := normalize(text)
	for i := 0; i+codeLength <= len(shape); i++ {
		if shaped(shape[i : i+codeLength]) {
			return true
		}
	}
	return false
}

func shaped(text []byte) bool {
	_, born := digits(string(text[:6]))
	_, known := century(text[6])
	_, number := digits(string(text[7:10]))
	last := text[10]
	return born && known && number && (last >= '0' && last <= '9' || last >= 'A' && last <= 'Z')
}

// normalize leaves out what may stand between a code's parts and makes dashes and
// capitals of one kind. Anything else that is not ASCII separates.
func normalize(text string) []byte {
	shape := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case r == ' ' || r == '\u00a0' || r == '\u2009' || r == '\u202f' || r == '\u200b' || r == '\u2060' || r == '\ufeff' || r == '\t' || r == '\u00ad':
		case r >= '\u2010' && r <= '\u2015' || r == '\u2212' || r == '\ufe63' || r == '\uff0d':
			shape = append(shape, '-')
		case r >= '\uff10' && r <= '\uff19':
			shape = append(shape, byte('0'+r-'\uff10'))
		case r >= 'a' && r <= 'z':
			shape = append(shape, byte(r-'a'+'A'))
		case r < 0x80:
			shape = append(shape, byte(r)) //nolint:gosec // ASCII
		default:
			shape = append(shape, 0)
		}
	}
	return shape
}
