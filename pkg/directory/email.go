package directory

import (
	"errors"
	"net/mail"
	"strings"
)

// maxEmail is the longest address, in bytes (RFC 5321, erratum 1690).
const maxEmail = 254

// checkEmail accepts only a bare ASCII address. Not every mail server accepts other characters, and a lost
// notice is worse than a refused address.
func checkEmail(address string) error {
	if address == "" {
		return nil
	}
	parsed, err := mail.ParseAddress(address)
	other := strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' })
	switch {
	case len(address) > maxEmail:
		return errors.New("email: the address is longer than 254 characters")
	case err != nil || other || parsed.Address != address:
		return errors.New("email: write a bare address such as unit@example.fi, without a name")
	}
	return nil
}
