package main

import (
	"context"
	"os"

	"koppi.internal/deploy/demo"
)

type demoCommand struct {
	Scenario string `help:"Number of the one scenario to replay, such as 03; all when left out."`
}

// Run replays the scenarios, each on an empty instance of its own.
func (c *demoCommand) Run(ctx context.Context) error {
	return demo.Run(ctx, os.Stdout, demo.Options{Scenario: c.Scenario})
}
