package main

import (
	"context"
	"os"

	"koppi.internal/deploy/demo"
)

type demoCommand struct {
	Scenario string `help:"Number of a single scenario to replay, such as 03; default is all."`
}

// Run replays the scenarios, each on an empty instance of its own.
func (c *demoCommand) Run(ctx context.Context) error {
	return demo.Run(ctx, os.Stdout, demo.Options{Scenario: c.Scenario})
}
