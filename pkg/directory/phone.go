package directory

import (
	"fmt"
	"regexp"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	// maxPhone is the longest telephone number, in characters.
	maxPhone = 40
	// maxPhoneHours is how many lines a telephone's hours may have: one for each day.
	maxPhoneHours = 7
)

var (
	// phoneForm is a telephone number as people write it: digits, optionally after a plus, and spaces, hyphens,
	// parentheses and slashes between them.
	phoneForm = regexp.MustCompile(`^\+?[0-9(][0-9 ()/-]*[0-9]$`)
	daysForm  = regexp.MustCompile(`^([1-7])(-([1-7]))?$`)
	timeForm  = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)
)

// midnight is the end of a day. No hours begin at it.
const midnight = "24:00"

type filePhoneHours struct {
	Days string `json:"days"`
	From string `json:"from"`
	To   string `json:"to"`
}

// checkPhone accepts a telephone number, or an empty text for none. Key is the name of the field.
func checkPhone(key, number string) error {
	switch {
	case number == "":
		return nil
	case len(number) > maxPhone:
		return fmt.Errorf("%s: the number is longer than %d characters", key, maxPhone)
	case !phoneForm.MatchString(number):
		return fmt.Errorf("%s: write a telephone number such as +358 17 000 0000, and nothing else", key)
	}
	return nil
}

// phoneHours parses the hours at which a telephone is answered. Whose says whose it is, such as "unit".
func phoneHours(whose, phone string, lines []filePhoneHours) ([]*commonv1.PhoneHours, error) {
	switch {
	case len(lines) == 0:
		return nil, nil
	case phone == "":
		return nil, fmt.Errorf("phoneHours: the %s has no phone", whose)
	case len(lines) > maxPhoneHours:
		return nil, fmt.Errorf("phoneHours: more than %d", maxPhoneHours)
	}
	var hours []*commonv1.PhoneHours
	for i, line := range lines {
		if err := line.check(); err != nil {
			return nil, fmt.Errorf("phoneHours[%d]: %w", i, err)
		}
		hours = append(hours, &commonv1.PhoneHours{Days: line.Days, From: line.From, To: line.To})
	}
	return hours, nil
}

func (f filePhoneHours) check() error {
	days := daysForm.FindStringSubmatch(f.Days)
	switch {
	case days == nil:
		return fmt.Errorf("days %q must be an ISO weekday such as 6, or a range such as 1-5", f.Days)
	case days[3] != "" && days[3] <= days[1]:
		return fmt.Errorf("days %q: the last day must come after the first", f.Days)
	case !timeForm.MatchString(f.From):
		return fmt.Errorf("from %q must be a time such as 09:00", f.From)
	case !timeForm.MatchString(f.To) && f.To != midnight:
		return fmt.Errorf("to %q must be a time such as 15:00, at most %s", f.To, midnight)
	case f.To <= f.From:
		return fmt.Errorf("from %s must be before to %s", f.From, f.To)
	}
	return nil
}
