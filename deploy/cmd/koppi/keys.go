package main

import (
	"context"
	"errors"
	"fmt"

	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/journal/seal"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Replace the key-encryption key, and rewrap every data key."`
}

type keysRotate struct {
	operated `embed:""`

	Rewrap bool `help:"Second step, after every process was restarted with the keyset that contains the new key: rewrap all keys with it."`
	Finish bool `help:"Last step, after every process was restarted again: drop the old key."`
}

// Run takes one step of a key rotation. In a folder that no process serves, it takes all steps at
// once. Each step can be repeated after an interruption.
func (c *keysRotate) Run(ctx context.Context) (err error) {
	release, err := c.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	switch {
	case c.Rewrap && c.Finish:
		return errors.New("take one step at a time: --rewrap, restart every process, then --finish")
	case c.Databases == "":
		for _, step := range []func(context.Context) error{c.add, c.rewrap, c.finish} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	case c.Rewrap:
		return c.rewrap(ctx)
	case c.Finish:
		return c.finish(ctx)
	default:
		return c.add(ctx)
	}
}

// next prints what was done and, for PostgreSQL, the next step.
func (c *keysRotate) next(done, command string) {
	fmt.Println(done)
	if c.Databases != "" {
		fmt.Printf("next: restart every process with this keyset, then run koppi keys rotate %s\n", command)
	}
}

func (c *keysRotate) add(ctx context.Context) error {
	kek, err := c.source().AddKey(ctx)
	if err != nil {
		return err
	}
	if kek.Stage() == seal.Wrapping {
		fmt.Println("the new key is already in use")
		if c.Databases != "" {
			fmt.Println("next: run koppi keys rotate --rewrap if that step was interrupted; otherwise, once every process was restarted, koppi keys rotate --finish")
		}
		return nil
	}
	c.next("a new key was added, which decrypts but does not wrap yet", "--rewrap")
	return nil
}

func (c *keysRotate) rewrap(ctx context.Context) error {
	kek, err := c.source().UseNewKey(ctx)
	if err != nil {
		return err
	}
	if kek.Stage() == seal.Settled {
		return errors.New("no rotation is in progress: begin with koppi keys rotate")
	}
	found, err := c.anew(ctx)
	if err != nil {
		return fmt.Errorf("%d keys were rewrapped, but not all; repeat this step: %w", found, err)
	}
	c.next(fmt.Sprintf("%d keys were rewrapped", found), "--finish")
	return nil
}

// anew wraps the keys of all services and of attachments with the new key, and returns how many it
// wrapped.
func (c *keysRotate) anew(ctx context.Context) (total int, err error) {
	err = c.open(ctx, func(op *operation) error {
		for _, service := range suite.Services {
			found, err := seal.Rewrap(ctx, op.kek, op.stores[service.Name].Rewrapper())
			total += found
			if err != nil {
				return fmt.Errorf("%s: %w", service.Name, err)
			}
		}
		found, err := op.attachments.Rewrap(ctx, op.kek)
		total += found
		return err
	})
	return total, err
}

// rounds is how often the last step looks for keys that still need wrapping. If every process wraps
// with the new key, no more appear.
const rounds = 3

func (c *keysRotate) finish(ctx context.Context) error {
	kek, err := c.source().Open(ctx)
	if err != nil {
		return err
	}
	switch kek.Stage() {
	case seal.Settled:
		return errors.New("no rotation is in progress: begin with koppi keys rotate")
	case seal.Added:
		return errors.New("the new key does not wrap yet: restart every process with this keyset, then run koppi keys rotate --rewrap")
	case seal.Wrapping:
	}
	for range rounds {
		found, err := c.anew(ctx)
		if err != nil {
			return err
		}
		if found > 0 {
			continue
		}
		if _, err := c.source().DropOldKeys(ctx); err != nil {
			return err
		}
		fmt.Println("the old key is dropped: give every process this keyset, and destroy all copies of the previous one once no backup needs it")
		return nil
	}
	return errors.New("a process still wraps with the old key: restart every process with this keyset, then run koppi keys rotate --finish")
}
