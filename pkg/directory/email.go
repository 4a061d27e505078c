package directory

import (
	"errors"
	"net/mail"
	"strings"
)

// maxEmail is how long an address may be (RFC 5321, erratum 1690).
const maxEmail = 254

// checkEmail asks for a bare address. It is of ASCII: not every server on the way takes
// another one, and a notice that is lost is worse than an address that is refused.
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
