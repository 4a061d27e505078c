package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"koppi.internal/deploy/sandbox"
	"koppi.internal/gateway/callback"
	"koppi.internal/gateway/session"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/process"
)

// partnerTokenLife is the validity of a token of koppi sandbox token, one working day.
const partnerTokenLife = 8 * time.Hour

type sandboxCommand struct {
	Up     sandboxUp     `cmd:"" default:"withargs" help:"Run a test environment for one partner, in which robots answer as the other agencies."`
	Events sandboxEvents `cmd:"" help:"List the events that the partner's mailbox can be sent."`
	Event  sandboxEvent  `cmd:"" help:"Have an event happen: people of the sandbox take the steps of a real case until the partner's mailbox has it."`
	Token  sandboxToken  `cmd:"" help:"Sign a token of the partner's agency with the key that the sandbox gave the partner."`
}

type sandboxUp struct {
	Agency   string        `help:"The partner's agency: one of the scenarios, or another with --like." default:"kela"`
	Like     string        `help:"Agency of the scenarios whose units and part the partner's agency has, such as hva-pohjois-savo."`
	Data     string        `help:"Folder of databases, keys and the partner's credentials." default:"sandbox" env:"KOPPI_DATA"`
	Delay    time.Duration `help:"How long a robot has a matter before it ends it." default:"1m"`
	Endpoint string        `help:"Address at which Koppi calls the partner, by https; without it, the partner reads its mailbox."`

	process.Listening `embed:""`
	callback.Settings `embed:""`
	Sessions          session.Settings `embed:""`
}

// Run serves until it is interrupted.
func (c *sandboxUp) Run(ctx context.Context) error {
	if c.CallbackSecrets != "" {
		return errors.New("--callback-secrets: a sandbox makes the partner's secret itself")
	}
	listener, err := c.Listening.Open(ctx, nil)
	if err != nil {
		return err
	}
	logger := process.Logger()
	opened, err := sandbox.Open(ctx, sandbox.Config{
		Data: c.Data, Agency: c.Agency, Like: c.Like, Delay: c.Delay, Endpoint: c.Endpoint, Callbacks: c.Settings, Sessions: c.Sessions, Logger: logger,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	files := opened.Credentials()
	logger.InfoContext(ctx, "koppi is up", slog.String("address", servedAt(c.Listening, listener)), slog.Bool("test_persons", true),
		slog.String("agency", c.Agency), slog.String("issuer", sandbox.PartnerIssuer), slog.String("issuer_key", files.IssuerKey), slog.String("callback_secret", files.CallbackSecret))
	return opened.Run(ctx, listener)
}

// sandboxCall is what the commands that ask a running sandbox have in common.
type sandboxCall struct {
	Address   string `help:"Address of the running sandbox." default:"http://127.0.0.1:8080"`
	TokenFile string `help:"File of a token of the partner's agency." required:"" type:"existingfile"`
}

// ask calls a running sandbox, and decodes its answer.
func (c sandboxCall) ask(ctx context.Context, method, path string, answer any) error {
	if _, err := located(c.Address); err != nil {
		return err
	}
	token, err := tokenOf(c.TokenFile)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Address, "/")+"/sandbox/"+path, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("no answer from a sandbox at %s; is it running? (%w)", c.Address, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var refused struct{ Message string }
	if response.StatusCode != http.StatusOK {
		if err := json.Unmarshal(text, &refused); err != nil || refused.Message == "" {
			return fmt.Errorf("%s is no sandbox: it answers %s", c.Address, response.Status)
		}
		return errors.New(refused.Message)
	}
	return json.Unmarshal(text, answer)
}

type sandboxEvents struct {
	sandboxCall `embed:""`
}

// Run lists the events.
func (c *sandboxEvents) Run(ctx context.Context) error {
	var answer struct{ Events []string }
	if err := c.ask(ctx, http.MethodGet, "events", &answer); err != nil {
		return err
	}
	fmt.Println(strings.Join(answer.Events, "\n"))
	return nil
}

type sandboxEvent struct {
	sandboxCall `embed:""`

	Name string `arg:"" help:"Name of the event, such as ConsentWithdrawn, or with its service: concern/InformationRequested."`
}

// Run has an event happen, and prints where the mailbox has it.
func (c *sandboxEvent) Run(ctx context.Context) error {
	var told sandbox.Told
	if err := c.ask(ctx, http.MethodPost, "events/"+c.Name, &told); err != nil {
		return err
	}
	fmt.Printf("%s: %s, sequence %d\n", told.Event, told.Subject, told.Sequence)
	return nil
}

type sandboxToken struct {
	Key    string `help:"File of the issuer's key that the sandbox gave the partner." default:"sandbox/partner/issuer-key.json"`
	Agency string `help:"The partner's agency." default:"kela"`
	Unit   string `help:"Unit of the agency."`
	Worker string `help:"The worker's name."`
	Role   string `help:"Role of the worker, or system." default:"system"`
}

// Run prints a token.
func (c *sandboxToken) Run() error {
	if _, err := os.Stat(c.Key); err != nil {
		return err
	}
	issuer, err := identity.OpenIssuer(c.Key, sandbox.PartnerIssuer)
	if err != nil {
		return err
	}
	token, err := issuer.Issue(identity.Caller{Agency: c.Agency, Unit: c.Unit, Worker: c.Worker, Role: identity.Role(c.Role)}, time.Now(), partnerTokenLife)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}
