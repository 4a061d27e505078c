package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"koppi.internal/pkg/dev"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
)

// Entrance configures which callers a gateway admits.
type Entrance struct {
	Issuers  string `help:"File that lists the trusted token issuers, with the agencies for which each is trusted." env:"KOPPI_ISSUERS"`
	Partners string `help:"File that lists the CAs of partner systems' certificates, with the agencies and names for which each is trusted." env:"KOPPI_PARTNERS"`
}

// Check returns an error if no caller could be admitted.
func (e Entrance) Check(dev bool) error {
	if !dev && e.Issuers == "" && e.Partners == "" {
		return errors.New("nobody could sign in: name the token issuers with --issuers FILE, partner systems with --partners FILE, or try out with --dev")
	}
	return nil
}

// OpenPartners reads the file of partner systems; it returns nil if none is configured.
func (e Entrance) OpenPartners(known *directory.Directory) (*identity.Partners, error) {
	if e.Partners == "" {
		return nil, nil
	}
	return identity.OpenPartners(e.Partners, known, time.Now)
}

// Callers configures how a gateway authenticates callers: by tokens of issuers, certificates of partners, and
// with Dev by tokens of the development issuer.
type Callers struct {
	Issuers  []identity.IssuerConfig
	Partners *identity.Partners
	// Dev trusts the development issuer.
	Dev bool
	// Persons are those whose identity codes are accepted.
	Persons idcode.Persons
	// Folder of the suite's secrets, and the secrets by which clients are named.
	Folder    string
	Secrets   *identity.Secrets
	Directory *directory.Directory
	Logger    *slog.Logger
}

// Open returns the token exchange that names callers to services.
func (c Callers) Open() (*identity.TokenExchange, error) {
	issuers := c.Issuers
	if c.Dev {
		issuer, err := identity.OpenDevIssuer(c.Folder, dev.IssuerName)
		if err != nil {
			return nil, err
		}
		trusted, err := issuer.Config()
		if err != nil {
			return nil, err
		}
		issuers = append(issuers, trusted)
	}
	verifier, err := identity.NewVerifier(identity.VerifierConfig{
		Audience: identity.Audience, Issuers: issuers, Directory: c.Directory, Secrets: c.Secrets, Persons: c.Persons, Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	suite, err := identity.OpenSuiteIssuer(c.Folder, c.Persons)
	if err != nil {
		return nil, err
	}
	return identity.NewTokenExchange(identity.TokenExchangeConfig{Verifier: verifier, Partners: c.Partners, Issuer: suite, Logger: c.Logger, Now: time.Now})
}

// LoadIssuers reads the file of token issuers; none if the path is empty.
func LoadIssuers(path string) ([]identity.IssuerConfig, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	var issuers []identity.IssuerConfig
	if err := decoder.Decode(&issuers); err != nil {
		return nil, unread(err)
	}
	return issuers, nil
}

// unread explains why the file of issuers cannot be read.
func unread(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("--issuers: the file is empty: it is a list of issuers")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("--issuers: the file ends too soon: it is a list of issuers")
	case errors.As(err, &wrong) && strings.HasSuffix(wrong.Field, "jwks"):
		return errors.New("--issuers: jwks is a text: base64 of the set of keys")
	}
	return fmt.Errorf("--issuers: %w", err)
}
