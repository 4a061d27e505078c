package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"koppi.internal/deploy/load"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
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
	File       string         `arg:"" help:"Path of the file."`
	Dev        bool           `help:"Allow endpoints over http and on this machine, as koppi up --dev does."`
	AllowCIDRs []netip.Prefix `help:"Private address ranges that may be called, as for the gateway." env:"KOPPI_CALLBACK_ALLOW_CIDRS" name:"callback-allow-cidrs"`
}

// Run rejects a file that the suite would reject. Otherwise it prints, by municipality and
// language, the unit that receives matters addressed to the agency alone.
func (c *directoryCheck) Run() error {
	read, err := directory.Load(c.File)
	if err != nil {
		return err
	}
	if err := c.endpoints(read); err != nil {
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
	guard := callback.Guard{Trial: c.Dev, Allow: c.AllowCIDRs}
	var wrong error
	for _, key := range read.Called() {
		agency, _ := read.Agency(key)
		if err := guard.Check(agency.Callback.URL); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("callback of %s: %w", key, err))
		}
	}
	return wrong
}

func municipalities(agency directory.Agency) []string {
	var all []string
	for _, unit := range agency.Units {
		all = append(all, unit.Municipalities...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
