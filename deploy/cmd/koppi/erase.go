package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/retention"
)

type eraseCommand struct {
	operated `embed:""`

	Restored time.Time `help:"Moment to which the journals were restored (RFC 3339). Instead of a client, this erases again everything whose keys were destroyed since then, and checks again whether any matter names the attachments uploaded since then." placeholder:"MOMENT"`
}

// Run erases a client. It reads the identity code from standard input, since other users of the
// machine can see the arguments of processes. It can be repeated after an interruption.
func (c *eraseCommand) Run(ctx context.Context) error {
	if !c.Restored.IsZero() {
		return c.with(ctx, func(op *operation) error { return eraseAgain(ctx, op, c.Restored) })
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	// Codes of test persons are accepted too: their data is erased like any other.
	code, err := idcode.Parse(strings.TrimSpace(line), idcode.AllPersons, time.Now())
	if err != nil {
		return errors.New("give the client's identity code on standard input, on one line")
	}
	return c.with(ctx, func(op *operation) error { return erase(ctx, op, op.secrets.ClientID(code)) })
}

func erase(ctx context.Context, op *operation, client string) error {
	subjects, err := subjectsOf(ctx, op, client)
	if err != nil {
		return err
	}
	for _, one := range suite.Services {
		for _, subject := range subjects[one.Name] {
			if err := op.stores[one.Name].Expire(ctx, journal.Expiry{Subject: subject, ReleaseBut: retention.RequestKeys}); err != nil {
				return fmt.Errorf("%s: not everything was erased; run the command again: %w", one.Name, err)
			}
		}
		fmt.Printf("%s: %d subjects\n", one.Name, len(subjects[one.Name]))
	}
	attachments, err := op.attachments.Of(ctx, attachment.Owner(op.secrets, client))
	if err != nil {
		return fmt.Errorf("not everything was erased; run the command again: %w", err)
	}
	for _, id := range attachments {
		if err := op.attachments.Delete(ctx, id); err != nil {
			return fmt.Errorf("not everything was erased; run the command again: %w", err)
		}
	}
	fmt.Printf("attachments: %d\nthe erasure is final once the last earlier backup of keys is gone, at most 30 days from now\n", len(attachments))
	return nil
}

// eraseAgain applies destroyed keys to restored journals: a subject whose document cannot be read
// loses its due times and its worklist entries.
func eraseAgain(ctx context.Context, op *operation, moment time.Time) error {
	for _, one := range suite.Services {
		store := op.stores[one.Name]
		subjects, err := store.Destroyed(ctx)
		if err != nil {
			return err
		}
		for _, subject := range subjects {
			err := store.Expire(ctx, journal.Expiry{Subject: subject, Classes: []journal.Class{journal.ClassDocument}, ReleaseBut: retention.RequestKeys})
			if err != nil {
				return fmt.Errorf("%s: %s: not everything was erased; run the command again: %w", one.Name, subject, err)
			}
		}
		fmt.Printf("%s: %d subjects\n", one.Name, len(subjects))
	}
	attachments, err := op.attachments.ForgetSince(ctx, moment)
	if err != nil {
		return fmt.Errorf("not all attachments were marked; run the command again: %w", err)
	}
	fmt.Printf("attachments: %d, which are removed within two days if no matter names them\n", attachments)
	return nil
}

// subjectsOf returns a client's subjects by service. It fails if one of them is held.
func subjectsOf(ctx context.Context, op *operation, client string) (map[string][]string, error) {
	subjects := map[string][]string{}
	count := 0
	for name, store := range op.stores {
		holds, err := store.Holds(ctx)
		if err != nil {
			return nil, err
		}
		held := map[string]bool{}
		for _, hold := range holds {
			held[hold.Subject] = true
		}
		if subjects[name], err = store.Subjects(ctx, client); err != nil {
			return nil, err
		}
		for _, subject := range subjects[name] {
			if held[subject] {
				count++
			}
		}
	}
	if count > 0 {
		return nil, fmt.Errorf("%d of the client's subjects are held, so nothing was erased: see koppi hold list, and release them first", count)
	}
	return subjects, nil
}
