package idcode_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"koppi.internal/pkg/idcode"
)

func TestFindCodes(t *testing.T) {
	for _, text := range []string{
		"Asiakas 010594Y9032 kysyy", "010594y9032", "(140391-9021)", "140391 - 9021", "140391–9021", "x140391-9021y", "1. 140391-9021:n asia", "5 140391-9021",
		"１40391-9021", "０１０５９４Ｙ９０３２", "𝟎𝟏𝟎𝟓𝟗𝟒𝒀𝟗𝟎𝟑𝟐", "①④⓪③⑨①-⑨⓪②①", "٠١٠٥٩٤Y٩٠٣٢", "010594Ý9032", "010594Y\u03019032", "010594У9032", "020516С903K", "020516C903К",
		"010594 Y 9032", "010594-Y9032", "01.05.94Y9032", "01.05.94 Y 903 2", "01/05/94/Y/903/2", "0 1 0 5 9 4 Y 9 0 3 2", "0.1.0.5.9.4.Y.9.0.3.2",
		"010594\u00adY9032", "140391\u00ad9021", "010594\r\nY9032", "010594\u2028Y9032", "010594\u2007Y9032", "010594\u00a0Y9032", "01\u200b0594Y\u20609032", "010594\ufeffY9032",
		"010594\u202eY9032", "010594Y\ufe0f9032", "010594\u3164Y9032", "010594\u2800Y9032", "140391−9021", "140391⁃9021", "140391_9021", "140391/9021", "140391.9021", "140391 9021",
		"140391+9021", "140391 + 9021", "140391~9021", "hetu140391-9021", "fi/140391-9021", "1301/2014 § 35.1, 140391-9021", "1️⃣4️⃣0️⃣3️⃣9️⃣1️⃣-9️⃣0️⃣2️⃣1️⃣", "311299A1236", "140391-\n\n    9021",
	} {
		if !idcode.In(text) {
			t.Errorf("nothing is found in %q", text)
		}
	}
}

func TestOtherNumbersNotFound(t *testing.T) {
	for _, text := range []string{
		"", "Kaksi vuokraa maksamatta.", "1301/2014 § 35.2", "1301/2014 § 35.1, 703/2023 § 53", "1412/1997 § 18 b.3", "puh. 040 1234567", "040 123 4567", "+358 40 123 4567",
		"23.11.2026 klo 9.05", "Screenshot_20260203-101010.png", "Lasku 20260102-1234", "010126-150126", "01.05.26-15.05.26", "1.5.2026–15.5.2026", "140391-902A", "310299-9001",
		"140391-9021" + "0", "2140391-9021", "010190Z900P", "140391-000V", "1403919021", "140391", "FI21 1234 5600 0007 85", "RF18 5390 0754 7034", "2026-11-29T08:22:02.123456Z",
		"01123456-1234-7abc-8def-0123456789ab", "4539 1488 0343 6467", "12,50 € + 1 300,00 € + 150,00 €", "0105949032", "diaari 1234/56.78.90/2026",
	} {
		if idcode.In(text) {
			t.Errorf("something is found in %q", text)
		}
	}
}

// between are texts that can separate two characters of a code.
var between = []string{
	"", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2007", "\u202f", "\u2009", "\u3000", "\u2028", "\u2029", "\u0085", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u202e", "\u0301",
	"\ufe0f", "\u3164", "-", "–", "—", "−", ".", "·", ",", ":", ";", "/", "|", "_", "*", "'", "\"", "(", ")", "•", "…", "\\", " - ", ".\n", "=",
}

// A code is found however it is split, whatever non-digits surround it, and in whichever Unicode
// form its characters are. Only codes whose century sign is a letter are split here.
func TestFindDisguisedCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := drawn(t)
		form := rapid.SampledFrom([]func(string) string{same, strings.ToLower, wide, accented}).Draw(t, "form")
		separator := rapid.SampledFrom(between)
		var text strings.Builder
		for i, r := range code {
			if i > 0 && code[6] >= 'A' {
				text.WriteString(separator.Draw(t, "separator"))
			}
			text.WriteString(form(string(r)))
		}
		noDigit := rapid.StringMatching(`[A-ZÅÄÖa-zåäö (]{0,5}`)
		whole := rapid.String().Draw(t, "before") + " " + noDigit.Draw(t, "left") + text.String() + noDigit.Draw(t, "right") + " " + rapid.String().Draw(t, "after")
		if !idcode.In(whole) {
			t.Fatalf("not found in %q", whole)
		}
		if !idcode.In(norm.NFC.String(whole)) || !idcode.In(norm.NFKD.String(whole)) {
			t.Fatalf("in another form of Unicode not found in %q", whole)
		}
	})
}

func same(text string) string     { return text }
func accented(text string) string { return text + "\u0308" }

// wide returns a text in full-width characters.
func wide(text string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '\uff01' }, text)
}

// The quick check never misses a code that the full search finds.
func FuzzIn(f *testing.F) {
	for _, seed := range []string{"010594Y9032", "0 1 0 5 9 4 Y 9 0 3 2", "１40391-9021", "140391\u00ad9021", "puh. 040 123 4567", "\xff\xfe010594Y9032", "①④⓪③⑨①-⑨⓪②①"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := idcode.In(text)
		digits := 0
		for _, symbol := range idcode.Normalize(text) {
			if symbol >= '0' && symbol <= '9' {
				digits++
			}
		}
		if digits >= 9 && !idcode.MayHold(text) {
			t.Fatalf("%q has %d digits and is not searched", text, digits)
		}
		if once := norm.NFKD.String(text); idcode.In(once) != found {
			t.Fatalf("%q and its decomposition differ", text)
		}
		if !idcode.In(text + " 140391-9021") {
			t.Fatalf("after %q a code is not found", text)
		}
	})
}

func BenchmarkIn(b *testing.B) {
	for name, text := range map[string]string{
		"words":  strings.Repeat("Kaksi vuokraa maksamatta, häätö uhkaa. ", 250),
		"digits": strings.Repeat("Lasku 20260102-1234, eräpäivä 15.5.2026. ", 250),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				idcode.In(text)
			}
		})
	}
}
