package load

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	checkCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	// Range of the individual numbers of test persons.
	firstTest, testNumbers = 900, 100
	// stride steps through all persons before one is repeated: a prime that does not divide their
	// number.
	stride = 1_000_003
)

// Test persons are born from the first to the last of these days.
var (
	firstBirth = time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC)
	lastBirth  = time.Date(2009, 12, 31, 0, 0, 0, 0, time.UTC)
)

// people generates the clients: millions of test persons, each used once before any is repeated.
type people struct{ next int }

func newPeople(random *rand.Rand) *people { return &people{next: random.IntN(persons())} }

func persons() int { return (int(lastBirth.Sub(firstBirth).Hours())/24 + 1) * testNumbers }

// code returns the identity code of the next person.
func (p *people) code() string {
	at := p.next
	p.next = (p.next + stride) % persons()
	born, number := firstBirth.AddDate(0, 0, at/testNumbers), firstTest+at%testNumbers
	separator := "-"
	if born.Year() >= 2000 {
		separator = "A"
	}
	birth := born.Day()*10000 + int(born.Month())*100 + born.Year()%100
	return fmt.Sprintf("%06d%s%03d%c", birth, separator, number, checkCharacters[(birth*1000+number)%31])
}
