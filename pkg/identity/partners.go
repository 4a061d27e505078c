package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/reload"
)

// Partners are the systems of agencies that authenticate by certificate. Each CA is trusted only for the
// agencies bound to it, and only for the certificate names that are listed, so that removing a line from the
// file excludes a system from its next call on. They are safe for concurrent use.
type Partners struct {
	path      string
	directory *directory.Directory
	now       func() time.Time
	content   atomic.Pointer[partners]
	seen      []byte
}

// partners are the content of one file.
type partners struct {
	authorities []authority
	pool        *x509.CertPool
	// proved are verified systems by certificate, because a system shows the same certificate with thousands
	// of calls.
	proved *lru.Cache[[sha256.Size]byte, Caller]
}

// authority is a CA and the agencies whose systems it certifies.
type authority struct {
	pool *x509.CertPool
	// agencies by the names in certificates.
	agencies map[string]string
}

// filePartner is an entry of the partners file.
type filePartner struct {
	// CA is the file of the CA's certificates, in the same folder as this file.
	CA string `json:"ca"`
	// Agencies to which the CA is bound, each with the DNS names or URIs in the certificates of its systems.
	Agencies map[string][]string `json:"agencies"`
}

// OpenPartners reads and checks the file of partners. Watch applies later changes of the file.
func OpenPartners(path string, known *directory.Directory, now func() time.Time) (*Partners, error) {
	p := &Partners{path: path, directory: known, now: now}
	var err error
	if p.seen, err = p.read(); err != nil {
		return nil, fmt.Errorf("partners: %w", err)
	}
	return p, p.take()
}

// Watch reloads the file and its CAs when they change, until the context ends. A change that is refused is
// logged once, and the previous content stays in force.
func (p *Partners) Watch(ctx context.Context, logger *slog.Logger) {
	reload.Follow(ctx, reload.Every, p.seen, p.read, func([]byte) {
		if err := p.take(); err != nil {
			logger.ErrorContext(ctx, "the changed partners file is invalid; the previous partners stay in use", slog.String("error", err.Error()))
			return
		}
		logger.InfoContext(ctx, "the partners were changed", slog.Int("authorities", len(p.content.Load().authorities)))
	})
}

// Pool returns all CAs: a handshake with a certificate that none of them signed fails.
func (p *Partners) Pool() *x509.CertPool { return p.content.Load().pool }

// read returns the content of all files of the partners, by which a change is noticed.
func (p *Partners) read() ([]byte, error) {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	entries, err := parsePartners(text)
	if err != nil {
		// take refuses this content.
		return text, nil //nolint:nilerr // as said
	}
	for _, entry := range entries {
		authority, err := os.ReadFile(p.file(entry.CA))
		if err != nil {
			return nil, err
		}
		text = append(text, authority...)
	}
	return text, nil
}

func (p *Partners) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(p.path), name)
}

func parsePartners(text []byte) ([]filePartner, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var entries []filePartner
	if err := decoder.Decode(&entries); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is content after the end")
	}
	return entries, nil
}

// take parses all files and replaces the previous content if they are all valid.
func (p *Partners) take() error {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return fmt.Errorf("partners: %w", err)
	}
	entries, err := parsePartners(text)
	if err != nil {
		return fmt.Errorf("partners: %w", err)
	}
	content, bound := &partners{pool: x509.NewCertPool()}, map[string]bool{}
	if content.proved, err = lru.New[[sha256.Size]byte, Caller](maxVerified); err != nil {
		return fmt.Errorf("partners: %w", err)
	}
	for i, entry := range entries {
		made, certificates, err := p.authority(entry)
		if err != nil {
			return fmt.Errorf("partners[%d]: %w", i, err)
		}
		for _, certificate := range certificates {
			if bound[string(certificate.RawSubjectPublicKeyInfo)] {
				return fmt.Errorf("partners[%d]: the CA is listed twice; list all of its agencies in one entry", i)
			}
			bound[string(certificate.RawSubjectPublicKeyInfo)] = true
			content.pool.AddCert(certificate)
		}
		content.authorities = append(content.authorities, made)
	}
	p.content.Store(content)
	return nil
}

func (p *Partners) authority(entry filePartner) (authority, []*x509.Certificate, error) {
	made := authority{pool: x509.NewCertPool(), agencies: map[string]string{}}
	certificates, err := readCertificates(p.file(entry.CA))
	if err != nil {
		return made, nil, fmt.Errorf("ca %q: %w", entry.CA, err)
	}
	for _, certificate := range certificates {
		made.pool.AddCert(certificate)
	}
	for agency, names := range entry.Agencies {
		if _, known := p.directory.Agency(agency); !known {
			return made, nil, fmt.Errorf("no agency %q in the directory", agency)
		}
		for _, name := range names {
			if _, double := made.agencies[name]; double || name == "" {
				return made, nil, fmt.Errorf("the name %q is empty or listed twice", name)
			}
			made.agencies[name] = agency
		}
	}
	if len(made.agencies) == 0 {
		return made, nil, errors.New("the entry names no system")
	}
	return made, certificates, nil
}

// Caller returns the system whose certificate is the first of the chain.
func (p *Partners) Caller(chain []*x509.Certificate) (Caller, error) {
	if len(chain) == 0 {
		return Caller{}, fault.New(fault.CertificateRefused, "the client certificate is missing")
	}
	content, hash := p.content.Load(), sha256.Sum256(chain[0].Raw)
	if caller, known := content.proved.Get(hash); known && p.now().Before(caller.Expires) {
		return caller, nil
	}
	found := content.systems(chain, p.now())
	if len(found) != 1 {
		return Caller{}, fault.New(fault.CertificateRefused, "the certificate belongs to no agency in this directory, or to more than one")
	}
	content.proved.Add(hash, found[0])
	return found[0], nil
}

// systems returns the systems to which a certificate belongs, at most one for each agency.
func (c *partners) systems(chain []*x509.Certificate, now time.Time) (found []Caller) {
	leaf, between := chain[0], x509.NewCertPool()
	for _, certificate := range chain[1:] {
		between.AddCert(certificate)
	}
	for _, authority := range c.authorities {
		proofs, err := leaf.Verify(x509.VerifyOptions{
			Roots: authority.pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		if err != nil {
			continue
		}
		for _, name := range namesOf(leaf) {
			agency, bound := authority.agencies[name]
			if !bound || slices.ContainsFunc(found, func(c Caller) bool { return c.Agency == agency }) {
				continue
			}
			found = append(found, Caller{Agency: agency, Role: RoleSystem, System: true, SystemSubject: name, Expires: endOf(proofs[0])})
		}
	}
	return found
}

// endOf returns when the first certificate of a chain to expire does so.
func endOf(chain []*x509.Certificate) time.Time {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// namesOf returns the names in a certificate for which its CA vouches. The common name is not one of them.
func namesOf(certificate *x509.Certificate) []string {
	names := slices.Clone(certificate.DNSNames)
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	return names
}

// readCertificates reads the CA certificates of a PEM file.
func readCertificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, err
		case !certificate.IsCA:
			return nil, fmt.Errorf("%q is not a CA", certificate.Subject.CommonName)
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		return nil, errors.New("the file contains no certificate")
	}
	return all, nil
}

type certificateKey struct{}

// WithCertificate returns a context that carries the caller's certificate chain, whose private key the caller
// has proved to hold.
func WithCertificate(ctx context.Context, chain []*x509.Certificate) context.Context {
	return context.WithValue(ctx, certificateKey{}, chain)
}
