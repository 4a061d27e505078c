package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/transparency"
)

type logCommand struct {
	Checkpoint logCheckpoint `cmd:"" help:"Print a signed checkpoint of each transparency log. Store it where nobody with access to the databases can write."`
}

type logCheckpoint struct {
	journals `embed:""`
}

// Run prints a signed checkpoint of each service's access log.
func (c *logCheckpoint) Run(ctx context.Context) error {
	signer, err := transparency.Signer(c.secrets())
	if err != nil {
		return err
	}
	return c.each(ctx, func(ctx context.Context, service string, opened store) error {
		at, err := transparency.At(ctx, opened, service)
		if err != nil {
			return err
		}
		text, err := at.Sign(signer)
		if err != nil {
			return err
		}
		_, err = fmt.Println(string(text))
		return err
	})
}

// verifyLog compares the access log's records with its transparency log and with the given
// checkpoints.
func (c *fsckCommand) verifyLog(ctx context.Context, service string, opened store) error {
	checkpoints, err := c.checkpoints()
	if err != nil {
		return err
	}
	heads := map[string][]byte{}
	for event, err := range opened.RawEvents(ctx) {
		if err != nil {
			return err
		}
		heads[event.Subject] = event.Hash
	}
	findings, err := transparency.Verify(ctx, opened, service, heads, checkpoints...)
	if err != nil {
		return err
	}
	state, err := opened.LogState(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d access log records, %d findings\n", service, state.Leaves, len(findings))
	return journal.Report{Findings: findings}.Err()
}

// checkpoints reads and verifies the checkpoint files that --log names.
func (c *fsckCommand) checkpoints() ([]transparency.Checkpoint, error) {
	if len(c.Log) == 0 {
		return nil, nil
	}
	verifier := c.Verifier
	if verifier == "" {
		verifier = filepath.Join(c.secrets(), transparency.VerifierFile)
	}
	key, err := os.ReadFile(verifier) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, fmt.Errorf("the verifier key of checkpoints is missing; name it with --verifier: %w", err)
	}
	var all []transparency.Checkpoint
	for _, path := range c.Log {
		text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
		if err != nil {
			return nil, err
		}
		found, err := transparency.ParseCheckpoints(text, string(key))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, errors.New("--log: the files contain no checkpoint")
	}
	return all, nil
}
