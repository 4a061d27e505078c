package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

type groundsCommand struct {
	Check groundsCheck `cmd:"" help:"Check a file of grounds, and show its rows, its gaps and what is in doubt."`
}

type groundsCheck struct {
	File string `arg:"" help:"Path of the file."`
}

// Run rejects a file that the suite would reject, with the place of the mistake. Otherwise it prints
// the rows, what nobody can send from today on, and what a lawyer has left open.
func (c *groundsCheck) Run() error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	table, err := ground.Parse(text)
	if err != nil {
		return err
	}
	return printGrounds(os.Stdout, table.Check(time.Now()))
}

func printGrounds(to io.Writer, report ground.Report) error {
	var text strings.Builder
	text.WriteString("key\tfrom\tuntil\tprovision\treviewed\n")
	for _, row := range report.Rows {
		reviewed := "no"
		if row.Reviewed != nil {
			reviewed = row.Reviewed.On + " " + row.Reviewed.By
		}
		fmt.Fprintf(&text, "%s\t%s\t%s\t%s\t%s\n", row.Key, row.From, row.Until, row.Provision, reviewed)
	}
	out := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(out, text.String()); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	text.Reset()
	for _, part := range []struct {
		title string
		cells []ground.Cells
	}{
		{"no ground", report.Gaps}, {"no ground above an age limit", report.AgeLimited}, {"no ground but consent", report.ConsentOnly},
	} {
		fmt.Fprintf(&text, "\n%s:\n", part.title)
		for _, cells := range part.cells {
			text.WriteString("  " + cellsLine(cells) + "\n")
		}
		if len(part.cells) == 0 {
			text.WriteString("  none\n")
		}
	}
	text.WriteString("\ndoubts:\n")
	for _, row := range report.Doubtful {
		fmt.Fprintf(&text, "  %s (%s): %s\n", row.Key, row.Provision, row.Doubts)
	}
	if len(report.Doubtful) == 0 {
		text.WriteString("  none\n")
	}
	_, err := io.WriteString(to, text.String())
	return err
}

// cellsLine returns combinations as a line, such as "from 2026-11-30: BENEFITS to YOUTH_WORK: concern". A plan has
// no receivers.
func cellsLine(cells ground.Cells) string {
	periods := make([]string, len(cells.Periods))
	for i, period := range cells.Periods {
		periods[i] = "from " + period.From
		if period.Until != "" {
			periods[i] += " until " + period.Until
		}
	}
	line := strings.Join(periods, ", ") + ": " + kindNames(cells.Senders)
	if len(cells.Receivers) > 0 {
		line += " to " + kindNames(cells.Receivers)
	}
	return line + ": " + strings.Join(cells.Messages, ", ")
}

func kindNames(kinds []caseworkv1.AgencyKind) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = ground.KindName(kind)
	}
	return strings.Join(names, ", ")
}
