package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/config"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/session"
	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/limit"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/telemetry"
)

type upCommand struct {
	Dev       bool      `help:"For trials: a development issuer, test persons, and a clock that can be moved. Loopback only."`
	Data      string    `help:"Folder of databases and keys." default:"data" env:"KOPPI_DATA"`
	Clock     time.Time `help:"Stop the domain's clock at this time (RFC 3339); needs --dev and an empty folder."`
	Directory string    `help:"Directory file of agencies; default is the scenarios' directory." env:"KOPPI_DIRECTORY"`
	Grounds   string    `help:"File of the grounds on which messages may be sent; default is the built-in table." env:"KOPPI_GROUNDS"`
	Codes     string    `help:"File of the lists of codes, such as kinds of documents; default is the built-in lists." env:"KOPPI_CODES"`
	Origin    []string  `help:"Origin of another site whose pages may call; repeatable."`

	Scanner string `help:"Address of a ClamAV daemon that scans attachments, host:port; without it, attachments are not scanned." env:"KOPPI_SCANNER"`

	process.Listening   `embed:""`
	process.Entrance    `embed:""`
	callback.Settings   `embed:""`
	Sessions            session.Settings `embed:""`
	process.Keyring     `embed:""`
	process.Environment `embed:""`
	Notices             notice.Settings    `embed:""`
	Telemetry           telemetry.Settings `embed:""`
	Limits              limit.Settings     `embed:""`
	Uploads             limit.Uploads      `embed:""`
}

// Run serves until it is interrupted.
func (c *upCommand) Run(ctx context.Context) error {
	settings, err := c.allinone()
	if err != nil {
		return err
	}
	listener, err := c.Listening.Open(ctx, settings.Partners)
	if err != nil {
		return err
	}
	if c.Dev {
		settings.Recent = telemetry.NewRecent()
	}
	end, err := c.Telemetry.Start(ctx, telemetry.Process{Name: "koppi", Recent: settings.Recent, Logger: settings.Logger})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer process.End(end)
	koppi, err := allinone.Open(ctx, settings)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	telemetry.Ready(ctx)
	settings.Logger.InfoContext(ctx, "koppi is up", slog.String("address", servedAt(c.Listening, listener)), slog.Bool("dev", c.Dev), slog.Bool("test_persons", c.TestPersons))
	return koppi.Run(ctx, listener)
}

func (c *upCommand) allinone() (allinone.Config, error) {
	settings := allinone.Config{
		Data: c.Data, Dev: c.Dev, TestPersons: c.TestPersons, Clock: c.Clock, Origins: c.Origin, Logger: process.Logger(), Callbacks: c.Settings, Notices: c.Notices, Scanner: c.Scanner, KEK: c.KEK, Limits: c.Limits, Uploads: c.Uploads, Sessions: c.Sessions,
	}
	if err := c.Check(c.Dev); err != nil {
		return settings, err
	}
	if _, err := c.Persons(c.Dev); err != nil {
		return settings, err
	}
	if !c.Clock.IsZero() && !c.Dev {
		return settings, errors.New("--clock needs --dev")
	}
	var err error
	if c.Directory == "" {
		settings.Directory, err = loadDirectory("")
	} else {
		if settings.File, err = directory.Open(c.Directory); err == nil {
			settings.Directory = settings.File.Directory
		}
	}
	if err != nil {
		return settings, err
	}
	if settings.Grounds, err = ground.Open(c.Grounds); err != nil {
		return settings, err
	}
	if settings.Codes, err = codelist.Open(c.Codes); err != nil {
		return settings, err
	}
	if settings.Partners, err = c.OpenPartners(settings.Directory); err != nil {
		return settings, err
	}
	settings.Issuers, err = process.LoadIssuers(c.Issuers)
	return settings, err
}

func loadDirectory(path string) (*directory.Directory, error) {
	if path == "" {
		return directory.Parse(config.Directory)
	}
	return directory.Load(path)
}

// servedAt is the address at which a listener is reached.
func servedAt(l process.Listening, listener net.Listener) string {
	scheme := "http://"
	if l.TLSCert != "" {
		scheme = "https://"
	}
	return scheme + listener.Addr().String()
}
