package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

func TestCodes(t *testing.T) {
	for _, valid := range []string{"010594Y9032", "020516C903K", "030694W9024", "140391-9021", "010594y9032"} {
		if _, err := identity.ParseCode(valid, true); err != nil {
			t.Errorf("%s is refused", valid)
		}
		if _, err := identity.ParseCode(valid, false); fault.ReasonOf(err) != fault.InvalidIdentityCode {
			t.Errorf("%s of a test person is accepted", valid)
		}
	}
	for _, invalid := range []string{
		"140391-902A", "310299-9001", "010190Z900P", "", "140391-902", "140391-90211", "1403919021", "140391 9021", "140391-000V", "٠10594Y9032",
	} {
		_, err := identity.ParseCode(invalid, true)
		if fault.ReasonOf(err) != fault.InvalidIdentityCode {
			t.Errorf("%q is accepted", invalid)
		} else if invalid != "" && strings.Contains(err.Error(), invalid) {
			t.Errorf("the refusal repeats %q", invalid)
		}
	}
}

func TestCodesInText(t *testing.T) {
	for _, text := range []string{
		"Asiakas 010594Y9032 kysyy", "010594y9032", "(140391-9021)", "140391 - 9021", "140391–9021", "x140391-902Ay", "１40391-9021",
	} {
		if !identity.ContainsCode(text) {
			t.Errorf("nothing found in %q", text)
		}
	}
	for _, text := range []string{"", "Kaksi vuokraa maksamatta.", "1301/2014 § 35.2", "puh. 040 1234567", "23.11.2026 klo 9.05"} {
		if identity.ContainsCode(text) {
			t.Errorf("something found in %q", text)
		}
	}
}

// validCode draws any valid code, of test persons too.
func validCode(t *rapid.T) string {
	day, month, year := rapid.IntRange(1, 28).Draw(t, "day"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(0, 99).Draw(t, "year")
	number := rapid.IntRange(2, 999).Draw(t, "number")
	sign := rapid.SampledFrom([]byte("+-YXWVUABCDEF")).Draw(t, "sign")
	check := "0123456789ABCDEFHJKLMNPRSTUVWXY"[(day*10000000+month*100000+year*1000+number)%31]
	return fmt.Sprintf("%02d%02d%02d%c%03d%c", day, month, year, sign, number, check)
}

func TestValidCodesAreFoundAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := validCode(t)
		if _, err := identity.ParseCode(code, true); err != nil {
			t.Fatalf("%s is refused", code)
		}
		text := rapid.String().Draw(t, "before") + code + rapid.String().Draw(t, "after")
		if !identity.ContainsCode(text) {
			t.Fatalf("not found in %q", text)
		}
	})
}

func FuzzParseCode(f *testing.F) {
	for _, seed := range []string{"010594Y9032", "140391-9021", "310299-9001", "", "010190Z900P", "０10594Y9032"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := identity.ParseCode(text, true)
		if err != nil {
			if fault.ReasonOf(err) != fault.InvalidIdentityCode {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := identity.ParseCode(code.String(), true)
		if err != nil || again != code || !strings.EqualFold(code.String(), text) || !identity.ContainsCode(text) {
			t.Fatalf("%q is read as %q", text, code.String())
		}
	})
}
