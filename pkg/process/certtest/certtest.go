// Package certtest makes certificates for tests.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a CA for one test, stored in files.
type Authority struct {
	t      testing.TB
	folder string
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
}

// New makes a CA.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, folder: t.TempDir()}
	a.key = a.newKey()
	a.cert = a.sign("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a.key, nil)
	return a
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *Authority) sign(name string, template *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", private)
	return cert
}

func (a *Authority) write(name, kind string, der []byte) {
	if err := os.WriteFile(a.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *Authority) file(name string) string { return filepath.Join(a.folder, name) }

// CA returns the path of the CA's own certificate.
func (a *Authority) CA() string { return a.file("ca.pem") }

// Issue makes a certificate for this machine and for the given names and addresses, valid for servers and
// clients. A certificate with the same name replaces the earlier one in the same files.
func (a *Authority) Issue(name string, names ...string) (cert, key string) {
	template := &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, one := range names {
		at, err := url.Parse(one)
		switch {
		case net.ParseIP(one) != nil:
			template.IPAddresses = append(template.IPAddresses, net.ParseIP(one))
		case err == nil && at.Scheme != "":
			template.URIs = append(template.URIs, at)
		default:
			template.DNSNames = append(template.DNSNames, one)
		}
	}
	a.sign(name, template, a.newKey(), a.cert)
	return a.file(name + ".pem"), a.file(name + ".key")
}

// Config returns a TLS configuration that presents a certificate for the given names and trusts this CA.
func (a *Authority) Config(name string, names ...string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(a.Issue(name, names...))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}, nil
}
