package main

import (
	"context"
	"fmt"
)

type tokenCommand struct {
	Address string `help:"Address of the development instance." default:"http://127.0.0.1:8080"`
	Agency  string `help:"Agency in the token."`
	Unit    string `help:"Unit of the agency."`
	Worker  string `help:"The worker's name at the agency's identity provider."`
	Role    string `help:"Role: social_worker, social_counsellor, service_guide, benefit_handler, health_professional, youth_worker, employment_officer, team_leader, system or operator." required:""`
}

// Run prints a token of a development instance.
func (c *tokenCommand) Run(ctx context.Context) error {
	token, err := devToken(ctx, c.Address, c.Agency, c.Unit, c.Worker, c.Role)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}
