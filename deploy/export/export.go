// Package export writes all that an agency has at Koppi into a folder: its mailboxes, their attachments, and the proofs
// of both. It reads as the agency's system does, by the public API alone. The page export.md of the gateway's
// documentation describes the folder; what is written there never changes within a version of the format.
package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/semver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/version"
	attachmentv1 "koppi.internal/proto/gen/koppi/attachment/v1"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	// attempts is how often a call is made that fails for a passing reason, in about a minute.
	attempts    = 12
	firstWait   = 200 * time.Millisecond
	longestWait = 10 * time.Second
	// answerTimeout is how long one answer may take, and downloadTimeout one attachment of 50 MB.
	answerTimeout   = time.Minute
	downloadTimeout = 15 * time.Minute
)

// Config says what is exported, and how Koppi is reached.
type Config struct {
	Conn grpc.ClientConnInterface
	// Token returns a token of the agency's system; it is called for each call. Nil for a connection that shows the
	// system's certificate.
	Token  func(context.Context) (string, error)
	Agency string
	// Address is noted in the manifest.
	Address string
	// Now is the wall clock, for the manifest.
	Now func() time.Time
	// Logger gets retries: never what was read.
	Logger *slog.Logger
}

// Result is what an export has written.
type Result struct {
	Manifest Manifest
	// Sum is the SHA-256 of manifest.json in hexadecimal. Whoever keeps it elsewhere can prove all of the folder.
	Sum string
}

type exporter struct {
	Config
	folder      folder
	exchange    exchangev1.ExchangeServiceClient
	attachments attachmentv1.AttachmentServiceClient
	// consumer is new, so that its position is before the first message. It is never opened and acknowledges nothing:
	// the agency's own readers are not disturbed.
	consumer string
	index    *file
	// found are the attachments in the folder; missing are those that Koppi did not have any more, by id.
	found   Attachments
	missing map[string]Attachment
}

// Run exports into a new folder, or an empty one. The folder appears when everything is in it: a run that fails leaves
// nothing, and may be repeated. Messages that arrive meanwhile may or may not be in it.
func Run(ctx context.Context, config Config, target string) (result Result, err error) {
	folder, err := newFolder(target)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, folder.discard()) }()
	e := &exporter{
		Config: config, folder: folder, consumer: "export-" + uuid.NewString(), missing: map[string]Attachment{},
		exchange: exchangev1.NewExchangeServiceClient(config.Conn), attachments: attachmentv1.NewAttachmentServiceClient(config.Conn),
	}
	manifest, err := e.write(ctx)
	if err != nil {
		return Result{}, err
	}
	sum, err := folder.finish(manifest)
	return Result{Manifest: manifest, Sum: sum}, err
}

// write writes all but the manifest, and returns it.
func (e *exporter) write(ctx context.Context) (Manifest, error) {
	manifest := Manifest{Format: formatName, Version: formatVersion, Agency: e.Agency, BegunAt: e.Now().UTC().Truncate(time.Second)}
	manifest.Exporter = version.Number
	var err error
	if manifest.Gateway, err = e.gateway(ctx); err != nil {
		return Manifest{}, err
	}
	if e.index, err = e.folder.create(indexFile); err != nil {
		return Manifest{}, err
	}
	defer func() { _ = e.index.Close() }()
	for _, service := range suite.Names() {
		box, written, err := e.mailbox(ctx, service)
		if err != nil {
			return Manifest{}, fmt.Errorf("%s: %w", service, err)
		}
		manifest.Mailboxes, manifest.Files = append(manifest.Mailboxes, box), append(manifest.Files, written)
	}
	written, err := e.closeIndex()
	manifest.Files = append(manifest.Files, written)
	slices.SortFunc(manifest.Files, byName)
	manifest.Attachments, manifest.EndedAt = e.found, e.Now().UTC().Truncate(time.Second)
	return manifest, err
}

// gateway asks who answers. A gateway of a later version may send what this program cannot write legibly.
func (e *exporter) gateway(ctx context.Context) (Gateway, error) {
	var answer *caseworkv1.GetServerInfoResponse
	err := e.insist(ctx, answerTimeout, func(ctx context.Context) (err error) {
		answer, err = caseworkv1.NewCaseworkServiceClient(e.Conn).GetServerInfo(ctx, &caseworkv1.GetServerInfoRequest{})
		return err
	})
	if err != nil {
		return Gateway{}, err
	}
	if semver.Compare("v"+answer.GetVersion(), "v"+version.Number) > 0 {
		return Gateway{}, fmt.Errorf("the gateway has version %s and this program %s: use a program of the gateway's version", answer.GetVersion(), version.Number)
	}
	return Gateway{Address: e.Address, Version: answer.GetVersion(), Contract: answer.GetContract()}, nil
}

// insist makes a call, with a token, until it succeeds or fails for a reason that does not pass.
func (e *exporter) insist(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	wait := firstWait
	for attempt := 1; ; attempt++ {
		err := e.attempt(ctx, timeout, call)
		if err == nil || ctx.Err() != nil || !passes(err) || attempt == attempts {
			return err
		}
		again := max(wait, fault.RetryAfterOf(err))
		e.Logger.WarnContext(ctx, "a call failed and is made again", slog.String("code", status.Code(err).String()), slog.Duration("wait", again))
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, longestWait)
	}
}

func (e *exporter) attempt(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	if e.Token != nil {
		token, err := e.Token(ctx)
		if err != nil {
			return err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

// passes reports whether a call may succeed when it is made again.
func passes(err error) bool {
	return slices.Contains([]codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded}, status.Code(err))
}
