package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process"
)

// The example file of issuers in configuration.md is valid.
func TestIssuersInConfigurationPage(t *testing.T) {
	page, err := os.ReadFile("../../configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(page), "```json\n")
	shown, _, ends := strings.Cut(after, "```")
	if !found || !ends {
		t.Fatal("the page shows no file")
	}
	path := filepath.Join(t.TempDir(), "issuers.json")
	if err := os.WriteFile(path, []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	issuers, err := process.LoadIssuers(path)
	if err != nil {
		t.Fatal(err)
	}
	agencies, err := loadDirectory("")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := identity.OpenSecrets(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config := identity.VerifierConfig{Audience: identity.Audience, Issuers: issuers, Directory: agencies, Now: time.Now, Secrets: secrets}
	verifier, err := identity.NewVerifier(config)
	if err != nil {
		t.Fatal(err)
	}
	if len(verifier.SignIns()) != 2 {
		t.Errorf("%d issuers sign people in", len(verifier.SignIns()))
	}
}
