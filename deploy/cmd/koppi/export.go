package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"koppi.internal/deploy/export"
)

type exportCommand struct {
	callingSystem `embed:""`

	Folder string `arg:"" help:"New folder for the export; it does not exist, or is empty." type:"path"`
}

// Run exports the mailboxes, attachments and proofs of an agency.
func (c *exportCommand) Run(ctx context.Context) (err error) {
	conn, token, err := c.connect()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	written, err := export.Run(ctx, export.Config{
		Conn: conn, Token: token, Agency: c.Agency, Address: c.Address, Now: time.Now, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}, c.Folder)
	if err != nil {
		return err
	}
	return printExport(os.Stdout, c.Folder, written)
}

func printExport(to io.Writer, folder string, written export.Result) error {
	var text strings.Builder
	for _, box := range written.Manifest.Mailboxes {
		fmt.Fprintf(&text, "%s: %d messages, of which %d are tombstones\n", box.Service, box.Sequence, box.Tombstones)
	}
	found := written.Manifest.Attachments
	fmt.Fprintf(&text, "attachments: %d, %d bytes; %d more are named that Koppi does not have any more\n", found.Count, found.SizeBytes, found.Missing)
	fmt.Fprintf(&text, "written to %s\nKeep the SHA-256 of manifest.json apart from the folder, for it proves the whole folder:\n%s\n", folder, written.Sum)
	_, err := io.WriteString(to, text.String())
	return err
}
