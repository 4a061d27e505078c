package matter_test

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
)

var shownNumber = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)

func TestDrawNumber(t *testing.T) {
	seen, characters := map[matter.Number]bool{}, map[rune]bool{}
	for range 10_000 {
		number, err := matter.DrawNumber(rand.Reader)
		if err != nil || !shownNumber.MatchString(string(number)) {
			t.Fatal(number, err)
		}
		seen[number] = true
		for _, character := range string(number) {
			characters[character] = true
		}
	}
	// Of 10 000 draws from 2^40, two are equal once in 22 000 runs.
	if len(seen) < 9_999 || len(characters) != 33 {
		t.Errorf("%d numbers of %d characters", len(seen), len(characters))
	}
	if number, err := matter.DrawNumber(strings.NewReader("four")); err == nil {
		t.Errorf("%s is drawn from a source that ended", number)
	}
}

// Each bit of the source counts.
func TestNumberOf(t *testing.T) {
	seen := map[matter.Number]bool{matter.NumberOf(make([]byte, 16)): true}
	for bit := range 40 {
		digest := make([]byte, 16)
		digest[bit/8] = 1 << (bit % 8)
		seen[matter.NumberOf(digest)] = true
	}
	if len(seen) != 41 || !seen["0000-0000"] || !seen["G000-0000"] || !seen["0000-0001"] {
		t.Errorf("%d numbers: %v", len(seen), seen)
	}
}

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]matter.Number{
		"7F3Q-92KD": "7F3Q-92KD", "7f3q-92kd": "7F3Q-92KD", "7F3Q92KD": "7F3Q-92KD", "7f3q92Kd": "7F3Q-92KD",
		"OoIi-LlZz": "0011-11ZZ", "0000-0000": "0000-0000", "ZZZZ-ZZZZ": "ZZZZ-ZZZZ",
	} {
		if got, err := matter.ParseNumber("number", text); err != nil || got != want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "-", "7F3Q-92K", "7F3Q-92KDD", "7F3-Q92KD", "-7F3Q92KD", "7F3Q92KD-", "7F3Q-92-KD", "7F3Q--92KD", "7F3U-92KD", "7F3Q 92KD",
		"7F3Q-92KÄ", "7F3Q\n92KD", "7F3Q-92K\n", "010594Y9032", "7F3Q-92K=",
	} {
		got, err := matter.ParseNumber("number", text)
		if fault.ReasonOf(err) != fault.InvalidField || got != "" {
			t.Errorf("%q: %s %v", text, got, err)
		}
		if err != nil && text != "" && text != "-" && strings.Contains(err.Error(), text) {
			t.Errorf("the refusal repeats %q: %v", text, err)
		}
	}
}

func TestUniqueKeyOfANumber(t *testing.T) {
	if key := matter.Number("7F3Q-92KD").UniqueKey(); key != "number/7F3Q-92KD" || matter.Number("").UniqueKey() != "" {
		t.Error(key)
	}
}

// What is parsed is shown as every number is, and is the same number when it is parsed again, in
// lower case and without its hyphen. Each number that can be drawn is parsed as itself.
func FuzzParseNumber(f *testing.F) {
	for _, text := range []string{"7F3Q-92KD", "oil1-0000", "7F3Q92KD", "U", "010594Y9032", "ÄÄÄÄ-ÄÄÄÄ", "ſſſſ-ſſſſ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if drawn, err := matter.DrawNumber(bytes.NewReader([]byte(text))); err == nil {
			if again, err := matter.ParseNumber("number", string(drawn)); err != nil || again != drawn {
				t.Fatalf("%s is parsed as %s: %v", drawn, again, err)
			}
		}
		number, err := matter.ParseNumber("number", text)
		if err != nil {
			return
		}
		if !shownNumber.MatchString(string(number)) || len(text) > 9 {
			t.Fatalf("%q is parsed as %q", text, number)
		}
		for _, other := range []string{string(number), strings.ToLower(string(number)), strings.ReplaceAll(string(number), "-", "")} {
			if again, err := matter.ParseNumber("number", other); err != nil || again != number {
				t.Fatalf("%q is parsed as %q: %v", other, again, err)
			}
		}
	})
}
