package main

import (
	"context"
	"fmt"

	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/transparency"
)

type secretsCommand struct {
	process.Keyring `embed:""`

	Out string `help:"Folder for the secrets; existing ones are kept." required:""`
	Dev bool   `help:"Also create the development issuer's key."`
}

// Run creates the suite's secrets where they are missing. Every replica of every service must get
// the same ones.
func (c *secretsCommand) Run(ctx context.Context) error {
	if _, err := c.Source(c.Out, c.Dev).Make(ctx); err != nil {
		return err
	}
	if _, err := identity.OpenSecrets(c.Out); err != nil {
		return err
	}
	if _, err := identity.OpenSuiteIssuer(c.Out, idcode.RealPersons); err != nil {
		return err
	}
	if err := transparency.MakeKeys(c.Out); err != nil {
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
