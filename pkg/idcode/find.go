package idcode

// In reports whether a text contains a personal identity code in a form that a person types, pastes or
// disguises: a valid date, a century separator, an individual number from 002 on, the right check character,
// and no further digit on either side. Codes of test persons count too. White space and other signs may stand
// between any two characters of the code. Such a sign may also replace the century separator, and so may
// white space if date and number are each unbroken. In rather reports too much than too little: a person can
// rewrite a sentence, but a leak cannot be undone.
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

// codeAt reports whether a code begins at a position of a normalised text.
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
		// Groups of digits separated by spaces are telephone numbers.
		return false
	}
	goesOn := isDigit(shape, r.at) || r.split && continues(shape, r.at-1, +1)
	return !goesOn
}

// continues reports whether a number continues beyond its end, after a sign without white space, as in a
// date, a time or a sum.
func continues(shape []byte, end, by int) bool {
	at := end + by
	return at >= 0 && at < len(shape) && shape[at]&gap != 0 && shape[at]&blank == 0 && isDigit(shape, at+by)
}

func isDigit(shape []byte, at int) bool {
	return at >= 0 && at < len(shape) && shape[at] >= '0' && shape[at] <= '9'
}

// reader reads a normalised text and skips gaps.
type reader struct {
	shape []byte
	at    int
	// split says that there was a gap before a character that was read.
	split bool
}

// next returns the next character.
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

// number reads digits. A gap before the first digit does not count as a gap in the number.
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

// sign is the century separator that was read.
type sign struct {
	century int
	// known is false if a gap stands in the separator's place; blank says that the gap is white space.
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
