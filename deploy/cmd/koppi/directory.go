package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"koppi.internal/deploy/load"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
)

type directoryCommand struct {
	Check   directoryCheck   `cmd:"" help:"Check a directory file, and show which unit receives each agency's matters."`
	Country directoryCountry `cmd:"" help:"Write the directory file of a synthetic country: all organisers, Kela and health care."`
}

type directoryCountry struct {
	File string `arg:"" help:"Path of the file."`
}

// Run writes the directory of the synthetic country that koppi load uses, for koppi up --dev
// --directory.
func (c *directoryCountry) Run() error {
	country, err := load.Directory()
	if err != nil {
		return err
	}
	return os.WriteFile(c.File, append(country, '\n'), 0o600)
}

type directoryCheck struct {
	callback.Settings `embed:""`

	File string `arg:"" help:"Path of the file."`
	Dev  bool   `help:"Allow endpoints over http and on this machine, as koppi up --dev does."`
}

// Run rejects a file that the suite would reject, in the suite's words. Otherwise it prints, by municipality and
// language, the unit that receives matters addressed to the agency alone.
func (c *directoryCheck) Run() error {
	read, err := directory.Load(c.File)
	if err != nil {
		return err
	}
	if err := errors.Join(c.endpoints(read), c.callbacks(read)); err != nil {
		return err
	}
	var table strings.Builder
	table.WriteString("agency\tmunicipality\tfi\tsv\ten\n")
	for _, agency := range read.Agencies() {
		for _, municipality := range append([]string{""}, municipalities(agency)...) {
			shown := municipality
			if shown == "" {
				shown = "any other"
			}
			table.WriteString(agency.Key + "\t" + shown)
			for _, language := range []string{"fi", "sv", "en"} {
				table.WriteString("\t" + read.To(agency.Key, directory.RoutingQuery{Municipality: municipality, Language: language}))
			}
			table.WriteString("\n")
		}
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(out, table.String()); err != nil {
		return err
	}
	return out.Flush()
}

// endpoints reports all endpoints that the gateway would not call. It does not resolve host names,
// since the file may be checked without a network.
func (c *directoryCheck) endpoints(read *directory.Directory) error {
	guard := callback.Guard{Trial: c.Dev, Allow: c.CallbackAllowCIDRs}
	var wrong error
	for _, key := range read.Called() {
		agency, _ := read.Agency(key)
		if err := guard.Check(agency.Callback.URL); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("callback of %s: %w", key, err))
		}
	}
	return wrong
}

// callbacks opens the callbacks as the gateway does, where the operator names their secrets or certificate, and calls
// nobody. A directory may be checked without them, by whoever writes it.
func (c *directoryCheck) callbacks(read *directory.Directory) error {
	if c.CallbackSecrets == "" && c.CallbackCert == "" && c.CallbackCA == "" {
		return nil
	}
	opened, err := c.Open(callback.Surroundings{Directory: read, Dev: c.Dev, Leases: lease.Alone{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return opened.Close()
}

func municipalities(agency directory.Agency) []string {
	var all []string
	for _, unit := range agency.Units {
		all = append(all, unit.Municipalities...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
