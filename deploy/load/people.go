package load

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	checkCharacters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	// Individual numbers of test persons.
	firstTest, testNumbers = 900, 100
	// stride leads through all persons before one comes again: a prime that does not
	// divide how many there are.
	stride = 1_000_003
)

// Test persons are born on these days.
var (
	firstBirth = time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC)
	lastBirth  = time.Date(2009, 12, 31, 0, 0, 0, 0, time.UTC)
)

// people are the clients: test persons, millions of them, each once before one comes
// again.
type people struct{ next int }

func newPeople(random *rand.Rand) *people { return &people{next: random.IntN(persons())} }

func persons() int { return (int(lastBirth.Sub(firstBirth).Hours())/24 + 1) * testNumbers }

// code is the identity code of the next of them.
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
