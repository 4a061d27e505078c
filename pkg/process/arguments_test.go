package process_test

import (
	"strings"
	"testing"

	"koppi.internal/pkg/process"
)

// An argument that holds a password is refused, and the refusal does not repeat it. Addresses and files are accepted.
func TestPasswordsInArgumentsAreRefused(t *testing.T) {
	for _, argument := range []string{
		"--journal=postgres://koppi:salainen@db/koppi", "postgres://koppi:salainen@db/koppi?search_path=concern", "--redis=redis://:salainen@cache:6379",
		"--keys=host=db user=koppi password=salainen", "host=db password = salainen", "postgres://db/koppi?user=koppi&password=salainen",
	} {
		err := process.CheckArguments([]string{"--dev", argument})
		if err == nil || strings.Contains(err.Error(), "salainen") {
			t.Errorf("%s: %v", argument, err)
		}
	}
	if err := process.CheckArguments([]string{
		"up", "--listen=127.0.0.1:8080", "--journal", "host=/tmp/socket user=koppi search_path=concern", "--redis", "redis://127.0.0.1:6379",
		"postgres://koppi@db/koppi", "--smtp-password-file", "/run/secrets/smtp", "--attachments=s3://bucket?region=eu-north-1",
	}); err != nil {
		t.Error(err)
	}
}
