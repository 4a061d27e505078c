package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"koppi.internal/deploy/demo"
	"koppi.internal/partner"
	"koppi.internal/pkg/directory"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type watchCommand struct {
	callingSystem `embed:""`

	Consumer  string `help:"Name of this consumer; each has its own inbox." default:"watch"`
	Inbox     string `help:"File for the messages, one a line; default is inbox/AGENCY-CONSUMER.jsonl."`
	Directory string `help:"Directory file of agencies; default is the scenarios' directory."`
	Verify    bool   `help:"Only verify the inbox, without connecting."`
}

// Run keeps a stream to an agency's mailbox open until it is interrupted, and prints the messages.
func (c *watchCommand) Run(ctx context.Context) error {
	if c.Inbox == "" {
		c.Inbox = fmt.Sprintf("inbox/%s-%s.jsonl", c.Agency, c.Consumer)
	}
	if c.Verify {
		return verifyInbox(c.Inbox)
	}
	agencies, err := loadDirectory(c.Directory)
	if err != nil {
		return err
	}
	conn, token, err := c.connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	file, err := partner.OpenFile(c.Inbox)
	if err != nil {
		return fmt.Errorf("inbox %s: %w", c.Inbox, err)
	}
	defer func() { _ = file.Close() }()
	client := partner.New(partner.Config{
		Conn: conn, Token: token, Inbox: &shown{File: file, out: os.Stdout, agencies: agencies},
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), Consumer: c.Consumer,
	})
	return client.Run(ctx)
}

// shown is an inbox that stores messages in a file and prints them.
type shown struct {
	*partner.File
	out      io.Writer
	agencies *directory.Directory
}

// Take stores the messages first and prints them then.
func (s *shown) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	if err := s.File.Take(ctx, messages, behind); err != nil {
		return err
	}
	for _, message := range messages {
		demo.Message(s.out, s.agencies, message.GetMessage())
	}
	return nil
}

// verifyInbox verifies an inbox file from its first line to its last.
func verifyInbox(path string) error {
	file, err := os.Open(path) //nolint:gosec // the path is the caller's
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	count := 0
	_, _, err = partner.Verify(file, func(*exchangev1.CaseMessage) { count++ })
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Printf("%s: %d messages, complete, in order and unchanged\n", path, count)
	return nil
}
