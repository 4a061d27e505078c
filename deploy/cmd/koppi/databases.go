package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/suite"
	"koppi.internal/pkg/attachment"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/journal/postgres"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/journal/sqlite"
	"koppi.internal/pkg/process"
)

// operated selects the databases of all services, for commands of operators.
type operated struct {
	process.Keyring `embed:""`

	Data      string `help:"Folder of databases and keys that no process uses." default:"data" env:"KOPPI_DATA"`
	Databases string `help:"File that names the PostgreSQL databases of all services and the buckets of attachments, instead of a folder." env:"KOPPI_DATABASES"`
	Secrets   string `help:"Folder of the suite's secrets, with --databases." env:"KOPPI_SECRETS"`
}

// databases is the content of the file that --databases names. Its connection strings may hold
// passwords: other users must not be able to read the file.
type databases struct {
	Services map[string]struct {
		Journal string `json:"journal"`
		Keys    string `json:"keys"`
	} `json:"services"`
	Attachments    string `json:"attachments"`
	AttachmentKeys string `json:"attachment_keys"`
}

// operatedStore is what operators' commands need of a service's journal.
type operatedStore interface {
	journal.Retention
	Rewrapper() seal.Rewrapper
	Close() error
}

// operation holds what an operator's command works with.
type operation struct {
	kek     *seal.KEK
	secrets *identity.Secrets
	// stores by service.
	stores      map[string]operatedStore
	attachments *attachment.Store
}

// folder returns the folder of secrets.
func (o *operated) folder() string {
	if o.Databases == "" {
		return filepath.Join(o.Data, "secrets")
	}
	return o.Secrets
}

// source returns the location of the key-encryption key.
func (o *operated) source() seal.Source { return o.Source(o.folder(), false) }

// lock reserves a data folder for this command: a process that serves it must be stopped first.
// PostgreSQL databases are not locked and may be in use.
func (o *operated) lock() (release func() error, err error) {
	if o.Databases != "" {
		return func() error { return nil }, nil
	}
	if _, err := os.Stat(allinone.Paths(o.Data, suite.Services[0].Name).Journal); err != nil {
		return nil, fmt.Errorf("the data folder contains no Koppi; name the folder with --data, or PostgreSQL databases with --databases: %w", err)
	}
	return allinone.Lock(o.Data)
}

// open opens all databases, calls do, and closes them.
func (o *operated) open(ctx context.Context, do func(*operation) error) (err error) {
	op := &operation{stores: map[string]operatedStore{}}
	if op.secrets, op.kek, err = o.OpenSecrets(ctx, o.folder(), false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, op.close()) }()
	if o.Databases == "" {
		err = o.openFolder(ctx, op)
	} else {
		err = o.openServers(ctx, op)
	}
	if err != nil {
		return err
	}
	return do(op)
}

func (o *operated) openFolder(ctx context.Context, op *operation) (err error) {
	for _, service := range suite.Services {
		files := allinone.Paths(o.Data, service.Name)
		for _, path := range []string{files.Journal, files.Keys} {
			if _, err := os.Stat(path); err != nil {
				return fmt.Errorf("a database is missing: %w", err)
			}
		}
		store, err := sqlite.Open(ctx, sqlite.Config{Path: files.Journal, KeysPath: files.Keys, KEK: op.kek})
		if err != nil {
			return err
		}
		op.stores[service.Name] = store
	}
	op.attachments, err = allinone.OpenAttachments(ctx, o.Data, op.kek)
	return err
}

func (o *operated) openServers(ctx context.Context, op *operation) error {
	text, err := seal.ReadSecret(o.Databases)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var named databases
	if err := decoder.Decode(&named); err != nil {
		// Without the decoder's message: it may quote a password.
		return fmt.Errorf(`%s must have this form: {"services": {"concern": {"journal": "postgres://…", "keys": "postgres://…"}, …}, "attachments": "s3://…", "attachment_keys": "s3://…"}`, o.Databases)
	}
	for _, service := range suite.Services {
		at, ok := named.Services[service.Name]
		if !ok || at.Journal == "" || at.Keys == "" {
			return fmt.Errorf("%s names no journal and keys of the service %s: all services are required, because they share clients and the key-encryption key", o.Databases, service.Name)
		}
		store, err := postgres.Open(ctx, postgres.Config{Journal: at.Journal, Keys: at.Keys, KEK: op.kek})
		if err != nil {
			return fmt.Errorf("%s: %w", service.Name, err)
		}
		op.stores[service.Name] = store
	}
	if named.Attachments == "" || named.AttachmentKeys == "" {
		return fmt.Errorf("%s names no buckets for attachments and their keys", o.Databases)
	}
	op.attachments, err = attachment.Open(ctx, named.Attachments, named.AttachmentKeys, op.kek)
	return err
}

func (op *operation) close() error {
	var errs []error
	for _, store := range op.stores {
		errs = append(errs, store.Close())
	}
	if op.attachments != nil {
		errs = append(errs, op.attachments.Close())
	}
	return errors.Join(errs...)
}

// with locks the data folder, opens the databases and calls do.
func (o *operated) with(ctx context.Context, do func(*operation) error) (err error) {
	release, err := o.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return o.open(ctx, do)
}
