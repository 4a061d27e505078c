package idcode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
)

var now = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)

func TestParse(t *testing.T) {
	for _, valid := range []string{"010594Y9032", "020516C903K", "030694W9024", "140391-9021", "010594y9032"} {
		for _, accepted := range []idcode.Persons{idcode.TestPersons, idcode.AllPersons} {
			if _, err := idcode.Parse(valid, accepted, now); err != nil {
				t.Errorf("%s is refused: %v", valid, err)
			}
		}
		if _, err := idcode.Parse(valid, idcode.RealPersons, now); fault.ReasonOf(err) != fault.InvalidIdentityCode {
			t.Errorf("%s of a test person is accepted", valid)
		}
	}
	for _, invalid := range []string{
		"140391-902A", "310299-9001", "010190Z900P", "", "140391-902", "140391-90211", "1403919021", "140391 9021", "140391-000V", "٠10594Y9032",
		"１40391-9021", "010190-003ſ", " 140391-9021", "140391-9021 ", "140391–9021",
	} {
		_, err := idcode.Parse(invalid, idcode.AllPersons, now)
		if fault.ReasonOf(err) != fault.InvalidIdentityCode {
			t.Errorf("%q is accepted", invalid)
		} else if invalid != "" && strings.Contains(err.Error(), invalid) {
			t.Errorf("the refusal repeats %q", invalid)
		}
	}
}

// The codes with numbers up to 899 may be those of real persons: a test environment refuses them, production and a
// trial accept them.
func TestParseRealPersons(t *testing.T) {
	for _, number := range []int{2, 417, 899} {
		code := coded(1, 1, 90, '-', number)
		for accepted, accepts := range map[idcode.Persons]bool{idcode.RealPersons: true, idcode.AllPersons: true, idcode.TestPersons: false} {
			_, err := idcode.Parse(code, accepted, now)
			if accepts && err != nil || !accepts && fault.ReasonOf(err) != fault.InvalidIdentityCode {
				t.Errorf("number %d, accepted %d: %v", number, accepted, err)
			} else if err != nil && strings.Contains(err.Error(), code) {
				t.Error("the refusal repeats the code")
			}
		}
	}
}

// S is the right check character here. TestParse refuses the code with ſ, whose capital is S.
func TestParseCheckCharacter(t *testing.T) {
	right := coded(1, 1, 90, '-', 3)
	if right != "010190-003S" {
		t.Fatalf("the check character of the test is %s", right)
	}
	if _, err := idcode.Parse(right, idcode.AllPersons, now); err != nil {
		t.Errorf("%s is refused: %v", right, err)
	}
}

// A date of birth in the future is refused, by the calendar of Finland.
func TestParseBirthInFuture(t *testing.T) {
	for _, unborn := range []string{"311299A1236", "010150A123A", coded(30, 11, 26, 'A', 100)} {
		if _, err := idcode.Parse(unborn, idcode.AllPersons, now); fault.ReasonOf(err) != fault.InvalidIdentityCode {
			t.Errorf("%s is accepted", unborn)
		}
	}
	born := coded(30, 11, 26, 'A', 100)
	if _, err := idcode.Parse(born, idcode.AllPersons, time.Date(2026, 11, 29, 22, 30, 0, 0, time.UTC)); err != nil {
		t.Errorf("a birth half an hour ago, in Finland, is refused: %v", err)
	}
}

// coded returns the code for a date of birth and a number.
func coded(day, month, year int, sign byte, number int) string {
	check := "0123456789ABCDEFHJKLMNPRSTUVWXY"[(day*10000000+month*100000+year*1000+number)%31]
	return fmt.Sprintf("%02d%02d%02d%c%03d%c", day, month, year, sign, number, check)
}

// drawn draws a code with a date of birth in the past, also of test persons.
func drawn(t *rapid.T) string {
	day, month, year := rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(0, 99).Draw(t, "year")
	sign := rapid.SampledFrom([]byte("+-YXWVUABCDEF")).Draw(t, "sign")
	if sign >= 'A' && sign <= 'F' {
		year %= 26
	}
	return coded(day, month, year, sign, rapid.IntRange(2, 999).Draw(t, "number"))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"010594Y9032", "140391-9021", "310299-9001", "", "010190Z900P", "010190-003ſ", "311299A1236"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := idcode.Parse(text, idcode.AllPersons, now)
		if err != nil {
			if fault.ReasonOf(err) != fault.InvalidIdentityCode {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := idcode.Parse(code.String(), idcode.AllPersons, now)
		if err != nil || again != code || strings.ToUpper(text) != code.String() || !idcode.In(text) {
			t.Fatalf("%q is read as %q", text, code.String())
		}
	})
}
