package idcode

// In tells whether a text holds a personal identity code in a form that a person types,
// pastes or disguises: a real date, the sign of a century, a number from 002 on, the
// right check character, and no further digit on either side. Codes of test persons count
// too. White space and other signs may stand between any two characters of it, and such a
// sign, or white space between a whole date and a whole number, in the place of the
// century's. It rather finds too much: a person rewrites a sentence, a leak cannot be
// taken back.
func In(text string) bool {
	if !mayHold(text) {
		return false
	}
	shape := normalize(text)
	for at := range shape {
		if isDigit(shape, at) && !isDigit(shape, at-1) && codeAt(shape, at) {
			return true
		}
	}
	return false
}

// codeAt tells whether a code begins at a place of a normalised text.
func codeAt(shape []byte, at int) bool {
	r := reader{shape: shape, at: at}
	born, ok := r.number(6)
	if !ok || r.split && continues(shape, at, -1) {
		return false
	}
	splitDate := r.split
	sign, ok := r.sign()
	if !ok {
		return false
	}
	if sign.known {
		if _, real := dateOf(born, sign.century); !real {
			return false
		}
	} else if _, real := dateOf(born, 1900); !real {
		return false
	}
	r.split = false
	number, ok := r.number(3)
	if !ok {
		return false
	}
	check, ok := r.next()
	switch {
	case !ok || !checks(born, number, check):
		return false
	case sign.blank && (splitDate || r.split):
		// Groups of digits with spaces between are telephone numbers.
		return false
	}
	goesOn := isDigit(shape, r.at) || r.split && continues(shape, r.at-1, +1)
	return !goesOn
}

// continues tells that a number goes on beyond its end, behind a sign without white space: that
// of a date, a time, a sum.
func continues(shape []byte, end, by int) bool {
	at := end + by
	return at >= 0 && at < len(shape) && shape[at]&gap != 0 && shape[at]&blank == 0 && isDigit(shape, at+by)
}

func isDigit(shape []byte, at int) bool {
	return at >= 0 && at < len(shape) && shape[at] >= '0' && shape[at] <= '9'
}

// reader reads on in a normalised text, over gaps.
type reader struct {
	shape []byte
	at    int
	// split says that there was a gap before a character that was read.
	split bool
}

// next is the next character.
func (r *reader) next() (byte, bool) {
	if r.at < len(r.shape) && r.shape[r.at]&gap != 0 {
		r.at, r.split = r.at+1, true
	}
	if r.at >= len(r.shape) {
		return 0, false
	}
	r.at++
	return r.shape[r.at-1], true
}

// number reads digits. What stands before the first is no gap in the number.
func (r *reader) number(length int) (int, bool) {
	value := 0
	for i := range length {
		symbol, ok := r.next()
		if !ok || symbol < '0' || symbol > '9' {
			return 0, false
		}
		if i == 0 {
			r.split = false
		}
		value = value*10 + int(symbol-'0')
	}
	return value, true
}

// sign is what stands for a century.
type sign struct {
	century int
	// known is false where a gap stands in its place; blank, where that is white space.
	known, blank bool
}

func (r *reader) sign() (sign, bool) {
	between := byte(0)
	if r.at < len(r.shape) && r.shape[r.at]&gap != 0 {
		between = r.shape[r.at]
		r.at++
	}
	if r.at >= len(r.shape) {
		return sign{}, false
	}
	if first, letter := century(r.shape[r.at]); letter {
		r.at++
		return sign{century: first, known: true}, true
	}
	switch between {
	case 0, gap | blank | mark:
		return sign{}, false
	case gap | blank:
		return sign{blank: true}, true
	default:
		return sign{}, true
	}
}
