package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"koppi.internal/pkg/idcode"
)

const (
	firstNumber = 900
	numbers     = 100
)

// stranger returns the identity code of a test person who was born in the same year as the person of a code, on a day
// and with a number by chance: a story is told of a client whom nobody knows.
func stranger(code string, now time.Time, by *rand.Rand) string {
	year, sign := code[4:6], code[6:7]
	for {
		day := fmt.Sprintf("%02d%02d%s", 1+by.IntN(28), 1+by.IntN(12), year)
		number := strconv.Itoa(firstNumber + by.IntN(numbers))
		// Only the right check character is accepted, and none for a day that has not come.
		for _, check := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			made := day + sign + number + string(check)
			if _, err := idcode.Parse(made, idcode.TestPersons, now); err == nil {
				return made
			}
		}
	}
}
