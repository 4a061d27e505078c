// Package idcode handles the Finnish personal identity code: it parses codes where the contract asks for one,
// and finds codes in texts where none is allowed.
package idcode

import (
	"strings"
	"time"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
)

// Code is a valid Finnish personal identity code (661/2009 § 11, and the separators of 2023). It must never
// appear in an error, log or message.
type Code struct{ text string }

// String returns the code in capitals. Only code that seals it may call String.
func (c Code) String() string { return c.text }

const (
	checkCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	codeLength      = 11
	// Individual numbers from here on are those of test persons.
	firstTestNumber  = 900
	firstValidNumber = 2
)

// century returns the century of birth for a separator.
func century(sign byte) (int, bool) {
	switch {
	case sign == '+':
		return 1800, true
	case sign == '-', sign >= 'U' && sign <= 'Y':
		return 1900, true
	case sign >= 'A' && sign <= 'F':
		return 2000, true
	default:
		return 0, false
	}
}

// Persons are those whose codes a server accepts.
type Persons int

const (
	// RealPersons is production: codes of test persons are refused.
	RealPersons Persons = iota
	// TestPersons is a test environment: only codes of test persons are accepted, so that it never holds a
	// real person.
	TestPersons
	// AllPersons is a trial on one machine.
	AllPersons
)

// accept refuses an individual number that is not of these persons.
func (p Persons) accept(number int) error {
	test := number >= firstTestNumber
	switch {
	case test && p == RealPersons:
		return fault.New(fault.InvalidIdentityCode, "this server does not accept identity codes of test persons").
			Field("client.personal_identity_code", "belongs to a test person")
	case !test && p == TestPersons:
		return fault.New(fault.InvalidIdentityCode, "this is a test environment: it accepts identity codes of test persons only, with the numbers 900 to 999").
			Field("client.personal_identity_code", "may belong to a real person")
	}
	return nil
}

// Parse checks the form, the date, the check character, and that the number is one of the persons that are
// accepted. It accepts only ASCII, and no date of birth after today in Finland. Every refusal has reason
// INVALID_IDENTITY_CODE and does not repeat the text.
func Parse(text string, accepted Persons, now time.Time) (Code, error) {
	invalid := fault.New(fault.InvalidIdentityCode, "the identity code is invalid").
		Field("client.personal_identity_code", "is not a valid identity code")
	if len(text) != codeLength || strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 }) {
		return Code{}, invalid
	}
	code := strings.ToUpper(text)
	first, known := century(code[6])
	born, dateOK := digits(code[:6])
	number, numberOK := digits(code[7:10])
	if !known || !dateOK || !numberOK {
		return Code{}, invalid
	}
	date, real := dateOf(born, first)
	if !real || date.After(today(now)) || !checks(born, number, code[10]) {
		return Code{}, invalid
	}
	if err := accepted.accept(number); err != nil {
		return Code{}, err
	}
	return Code{text: code}, nil
}

// Born returns the date of birth in a code, at midnight UTC; false if the text does not have the form of a
// code.
func Born(code string) (time.Time, bool) {
	if len(code) != codeLength {
		return time.Time{}, false
	}
	first, known := century(code[6])
	born, dated := digits(code[:6])
	if !known || !dated {
		return time.Time{}, false
	}
	return dateOf(born, first)
}

// dateOf returns the date DDMMYY in a century; false if there is no such date.
func dateOf(born, century int) (time.Time, bool) {
	day, month, year := born/10000, born/100%100, century+born%100
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return date, date.Day() == day && int(date.Month()) == month
}

// today returns the current date in Finland, in the form of dateOf.
func today(now time.Time) time.Time {
	year, month, day := now.In(matter.Helsinki()).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// checks reports whether the check character fits a date of birth and an individual number that is in use.
func checks(born, number int, check byte) bool {
	return number >= firstValidNumber && checkCharacters[(born*1000+number)%31] == check
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
