package directory

import (
	"errors"
	"regexp"
)

// maxPhone is the longest telephone number, in characters.
const maxPhone = 40

// phoneForm is a telephone number as people write it: digits, optionally after a plus, and spaces, hyphens,
// parentheses and slashes between them.
var phoneForm = regexp.MustCompile(`^\+?[0-9(][0-9 ()/-]*[0-9]$`)

// checkPhone accepts a telephone number, or an empty text for none.
func checkPhone(number string) error {
	switch {
	case number == "":
		return nil
	case len(number) > maxPhone:
		return errors.New("dutyPhone: the number is longer than 40 characters")
	case !phoneForm.MatchString(number):
		return errors.New("dutyPhone: write a telephone number such as +358 17 000 0000, and nothing else")
	}
	return nil
}
