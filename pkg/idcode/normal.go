package idcode

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A normalised text consists of digits, the capitals A to Z, other, and gaps. Everything between two of the
// former is one gap, however long.
const (
	// other is a letter or sign that cannot be in a code.
	other byte = 'x'
	// gap is the bit that marks a gap; the bits below say what the gap contains.
	gap byte = 0x80
	// blank is white space or a line break.
	blank byte = 1
	// mark is a visible sign, such as a full stop or a bracket.
	mark byte = 2
	// dash is a sign that may stand for the century separator, even beside white space.
	dash byte = 4
)

// normalize converts text that people type and paste to one form. Compatibility forms (full width, circled,
// mathematical) become the characters that they represent, digits of all scripts become ASCII digits, and
// letters that look Latin become Latin. Accents and invisible characters are removed. It decomposes (NFKD),
// because NFKC would compose a letter with an accent after it to another letter.
func normalize(text string) []byte {
	form := norm.NFKD
	if form.QuickSpanString(text) < len(text) {
		text = form.String(text)
	}
	shape := make([]byte, 0, len(text))
	for _, r := range text {
		symbol := byte(0)
		if r < utf8.RuneSelf {
			symbol = ascii[r]
		} else {
			symbol = symbolOf(r)
		}
		switch {
		case symbol == 0:
		case symbol&gap != 0 && len(shape) > 0 && shape[len(shape)-1]&gap != 0:
			shape[len(shape)-1] |= symbol
		default:
			shape = append(shape, symbol)
		}
	}
	return shape
}

// symbolOf returns the symbol for a decomposed rune; 0 if the rune is removed.
func symbolOf(r rune) byte {
	switch {
	case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
		return byte(r) //nolint:gosec // ASCII
	case r >= 'a' && r <= 'z':
		return byte(r - 'a' + 'A')
	case r > ' ' && r < 0x7f && r != '-' && r != '_' && r != '~' && r != '+':
		return gap | mark
	case unicode.IsSpace(r) || unicode.In(r, unicode.Z) || r == '\u2800':
		return gap | blank
	case r == '\u00ad' || r == '_' || r == '~' || r == '+' || unicode.In(r, unicode.Pd) || r == '\u2212' || r == '\u02d7' || r == '\u2043':
		// A soft hyphen is visible at the end of a line, and in much text that is copied from PDF.
		return gap | dash
	case unicode.In(r, unicode.M, unicode.C) || hollow(r):
		return 0
	case unicode.IsDigit(r):
		return '0' + digitOf(r)
	case unicode.In(r, unicode.P, unicode.S):
		return gap | mark
	}
	if latin, alike := lookAlikes[r]; alike {
		return latin
	}
	return other
}

// hollow reports whether a letter is invisible: the Hangul fillers.
func hollow(r rune) bool { return r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' }

// digitOf returns the value of a decimal digit. Unicode has decimal digits in contiguous rows from 0 to 9.
func digitOf(r rune) byte {
	for _, row := range unicode.Nd.R16 {
		if low := rune(row.Lo); low <= r && r <= rune(row.Hi) {
			return byte((r - low) % 10) //nolint:gosec // below 10
		}
	}
	for _, row := range unicode.Nd.R32 {
		if low := rune(row.Lo); low <= r && r <= rune(row.Hi) { //nolint:gosec // a rune
			return byte((r - low) % 10) //nolint:gosec // below 10
		}
	}
	return 0
}

// ascii holds the results of symbolOf for ASCII, which is most of most texts.
var ascii = func() (table [utf8.RuneSelf]byte) {
	for r := range table {
		table[r] = symbolOf(rune(r))
	}
	return table
}()

// lookAlikes maps letters of other scripts to the letters of a code that they look like.
var lookAlikes = func() map[rune]byte {
	found := map[rune]byte{}
	for latin, alike := range map[byte]string{
		'A': "АаΑα", 'B': "ВΒβ", 'C': "СсϹϲ", 'D': "Ԁԁ", 'E': "ЕеΕε", 'F': "Ϝϝ", 'H': "НнΗ", 'J': "ЈјͿϳ", 'K': "КкΚκ", 'L': "Լ",
		'M': "МмΜ", 'N': "Νո", 'P': "РрΡρ", 'R': "Ʀ", 'S': "Ѕѕ", 'T': "ТтΤτ", 'U': "Սս", 'V': "Ѵѵν", 'W': "Ԝԝ", 'X': "ХхΧχ", 'Y': "УуΥγ",
	} {
		for _, r := range alike {
			found[r] = latin
		}
	}
	return found
}()

// leastDigits is the fewest digits of a code.
const leastDigits = 9

// mayHold quickly excludes texts that need not be normalised, because they have too few digits.
func mayHold(text string) bool {
	found := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			if text[i] >= '0' && text[i] <= '9' {
				found++
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if !common(r) {
			return true
		}
		i += size
	}
	return found >= leastDigits
}

// common reports whether a non-ASCII rune is common in Finnish and Swedish texts and cannot hide a digit:
// Latin letters, and signs such as dashes, quotation marks, § and €.
func common(r rune) bool {
	switch {
	case r >= '\u00c0' && r <= '\u024f', r >= '\u2010' && r <= '\u2027', r == '\u20ac':
		return true
	case r >= '\u00a0' && r <= '\u00bf':
		return r != '\u00b2' && r != '\u00b3' && r != '\u00b9' && (r < '\u00bc' || r > '\u00be')
	}
	return false
}
