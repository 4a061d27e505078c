package main

import (
	"fmt"
	"path/filepath"

	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/process"
)

type secretsCommand struct {
	Out string `help:"Folder to make them in; those that are there stay." required:""`
	Dev bool   `help:"Also make the development issuer's key."`
}

// Run makes the suite's secrets once; every replica of every service gets the same.
func (c *secretsCommand) Run() error {
	if _, err := seal.OpenKEK(filepath.Join(c.Out, process.KEKFile)); err != nil {
		return err
	}
	if _, err := identity.OpenSecrets(c.Out); err != nil {
		return err
	}
	if _, err := identity.OpenSuiteIssuer(c.Out); err != nil {
		return err
	}
	if c.Dev {
		if _, err := identity.OpenDevIssuer(c.Out, dev.IssuerName); err != nil {
			return err
		}
	}
	fmt.Printf("the secrets are in %s: keep a copy apart from the databases' backups\n", c.Out)
	return nil
}
