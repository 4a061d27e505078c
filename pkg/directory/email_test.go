package directory_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
)

// A unit's address must be a bare address, because it is written into mail headers. For a bad one
// the file is refused, with the unit's name.
func TestEmails(t *testing.T) {
	with := func(email string) (*directory.Directory, error) {
		return directory.Parse([]byte(strings.Replace(good, `"intake"`, `"email":"`+email+`","intake"`, 1)))
	}
	for _, email := range []string{"", "etuudet@kela.example.fi", "a.b+c@x.fi"} {
		d, err := with(email)
		if err != nil {
			t.Fatalf("%q: %v", email, err)
		}
		if unit, _ := d.Unit("kela", "a"); unit.Email != email {
			t.Errorf("%q became %q", email, unit.Email)
		}
	}
	for _, email := range []string{
		"kela", "@kela.fi", "Etuudet <etuudet@kela.fi>", "<etuudet@kela.fi>", " etuudet@kela.fi", "etuudet@kela.fi ",
		`etuudet@kela.fi\r\nBcc: x@y.fi`, `etuudet@kela.fi\n`, "a@kela.fi, b@kela.fi", "etuudet@kela.fi (Etuudet)",
		"määräaika@kela.fi", `\"a b\"@kela.fi`, strings.Repeat("x", 250) + "@x.fi",
	} {
		if _, err := with(email); err == nil || !strings.Contains(err.Error(), `units[0] "a"`) || !strings.Contains(err.Error(), "email") {
			t.Errorf("%q: %v", email, err)
		}
	}
}
