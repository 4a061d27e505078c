package directory

import (
	"errors"
	"regexp"
)

// maxPhone is how long a telephone number may be, in characters.
const maxPhone = 40

// phoneForm is a telephone number as people write it: digits, with a plus before them, and
// spaces, hyphens, parentheses and slashes between.
var phoneForm = regexp.MustCompile(`^\+?[0-9(][0-9 ()/-]*[0-9]$`)

// checkPhone asks for a number that can be rung; none is allowed.
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
