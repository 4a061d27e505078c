package process

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// passwordSetting matches a password in a connection string of key=value words.
var passwordSetting = regexp.MustCompile(`(?i)(^|[\s?&])(password|sslpassword|secret)\s*=\s*[^\s&]`)

// CheckArguments refuses a password among the arguments of a program, which everybody on the machine can
// read. The error does not repeat it.
func CheckArguments(arguments []string) error {
	for _, argument := range arguments {
		value := argument
		if name, given, ok := strings.Cut(argument, "="); ok && strings.HasPrefix(name, "--") {
			value = given
		}
		at, err := url.Parse(value)
		named := err == nil && at.User != nil
		if named {
			_, named = at.User.Password()
		}
		if named || passwordSetting.MatchString(value) {
			return errors.New("a password among the arguments can be read by everybody on this machine: give the setting by its KOPPI_… variable, or the password by a file (PGPASSFILE for PostgreSQL)")
		}
	}
	return nil
}
