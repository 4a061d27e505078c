package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"koppi.internal/deploy/suite"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/journal"
)

type holdCommand struct {
	Set     holdSet     `cmd:"" help:"Exempt a subject from erasure, whatever its age."`
	Release holdRelease `cmd:"" help:"End all holds of a subject."`
	List    holdList    `cmd:"" help:"List the holds in force."`
}

// held names a subject by its full name, whose collection determines the service.
type held struct {
	operated `embed:""`

	Subject string `arg:"" help:"Subject, such as concerns/0198…"`
	By      string `help:"Person or office that requests this; stored." required:""`
}

type holdSet struct {
	held `embed:""`

	Reason string `help:"Reason without personal data, such as the number of a court case; stored unencrypted." required:""`
}

type holdRelease struct {
	held `embed:""`
}

type holdList struct {
	operated `embed:""`
}

// Run puts a hold on a subject.
func (c *holdSet) Run(ctx context.Context) error {
	if strings.TrimSpace(c.Reason) == "" || strings.TrimSpace(c.By) == "" {
		return errors.New("give the reason with --reason and the person or office with --by")
	}
	return c.on(ctx, "held", func(store operatedStore) error {
		return store.Hold(ctx, journal.RetentionHold{Subject: c.Subject, Reason: c.Reason, By: c.By, At: time.Now()})
	})
}

// Run ends the holds of a subject.
func (c *holdRelease) Run(ctx context.Context) error {
	return c.on(ctx, "released", func(store operatedStore) error { return store.Release(ctx, c.Subject, c.By, time.Now()) })
}

func (c *held) on(ctx context.Context, done string, do func(operatedStore) error) error {
	collection, _, _ := strings.Cut(c.Subject, "/")
	for _, service := range suite.Services {
		if front.CollectionOf(service.Name) != collection {
			continue
		}
		return c.with(ctx, func(op *operation) error {
			err := do(op.stores[service.Name])
			if errors.Is(err, journal.ErrNotFound) {
				return fmt.Errorf("%s does not exist or is not held", c.Subject)
			}
			if err == nil {
				fmt.Println(c.Subject, "is", done)
			}
			return err
		})
	}
	return errors.New("name a subject such as concerns/0198…, in concerns, referrals, consultations or plans")
}

// Run lists the holds.
func (c *holdList) Run(ctx context.Context) error {
	return c.with(ctx, func(op *operation) error {
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "SUBJECT\tSINCE\tBY\tREASON")
		for _, service := range suite.Services {
			holds, err := op.stores[service.Name].Holds(ctx)
			if err != nil {
				return err
			}
			for _, hold := range holds {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", hold.Subject, hold.At.Format(time.RFC3339), hold.By, hold.Reason)
			}
		}
		return table.Flush()
	})
}
