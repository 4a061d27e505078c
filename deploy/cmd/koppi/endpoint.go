package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"

	"koppi.internal/gateway/callback/probe"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/journal/seal"
)

type endpointCommand struct {
	Check endpointCheck `cmd:"" help:"Call an endpoint's test address with twelve probes, and show what came and what is right."`
}

// endpointCheck probes an endpoint. Three things keep it from a live one: the secret is read from a file of its own,
// which an endpoint that is called in earnest does not know; the secrets of live endpoints are refused; and so is an
// address that the directory names.
type endpointCheck struct {
	URL        string `arg:"" help:"Test address of the endpoint, as the directory would name it. Never the live one: the probes' messages are stored."`
	SecretFile string `help:"File with the test address's secret, one line of whsec_ and base64, which only its owner may read." required:"" type:"path"`
	Agency     string `help:"Key of the agency whose mailbox the invented messages seem to come from." required:""`
	CA         string `help:"File of the CA of the endpoint's certificate; by default, the system's CAs." type:"path"`
	Directory  string `help:"Directory file: an address that it names is refused." env:"KOPPI_DIRECTORY" type:"path"`
	Live       string `help:"File of the live endpoints' secrets: a secret in it is refused." env:"KOPPI_CALLBACK_SECRETS" name:"callback-secrets" type:"path"`
}

// Run prints what each probe found. The error says how many failed.
func (c *endpointCheck) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	results, err := probe.Run(ctx, config)
	if err != nil {
		return err
	}
	return printProbes(os.Stdout, results)
}

func (c *endpointCheck) config() (probe.Config, error) {
	config := probe.Config{Agency: c.Agency}
	var err error
	if config.URL, err = url.Parse(c.URL); err != nil || config.URL.Host == "" || config.URL.Scheme != "http" && config.URL.Scheme != "https" {
		return config, errors.New("name the test address as http://host:port/path or https://host/path")
	}
	if c.Directory != "" {
		known, err := directory.Load(c.Directory)
		if err != nil {
			return config, err
		}
		if err := notLive(known, config.URL); err != nil {
			return config, err
		}
	}
	if config.Secret, err = c.secret(); err != nil {
		return config, fmt.Errorf("--secret-file: %w", err)
	}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return config, fmt.Errorf("--ca: %w", err)
		}
		if config.Roots = x509.NewCertPool(); !config.Roots.AppendCertsFromPEM(text) {
			return config, errors.New("--ca: it holds no certificate")
		}
	}
	return config, nil
}

// notLive refuses an address at which the directory says that an agency is called.
func notLive(known *directory.Directory, at *url.URL) error {
	for _, key := range known.Called() {
		if agency, _ := known.Agency(key); place(agency.Callback.URL) == place(at) {
			return fmt.Errorf("%s is called at this address: the probes' messages would be stored there as if they were true; name a test address", key)
		}
	}
	return nil
}

// place is where an address leads, whatever its form.
func place(at *url.URL) string {
	port := at.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[at.Scheme]
	}
	return strings.ToLower(strings.TrimSuffix(at.Hostname(), ".")) + ":" + port + path.Clean("/"+at.Path)
}

// secret reads the test address's secret, and refuses one of a live endpoint.
func (c *endpointCheck) secret() (string, error) {
	text, err := seal.ReadSecret(c.SecretFile)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if !strings.HasPrefix(secret, "whsec_") || strings.ContainsAny(secret, " \n\t") {
		// Without the content. The file of the live endpoints' secrets, which is JSON, ends here too.
		return "", errors.New("the file contains no secret: it is one line of whsec_ and base64, made for the test address alone")
	}
	if c.Live == "" {
		return secret, nil
	}
	if text, err = seal.ReadSecret(c.Live); err != nil {
		return "", err
	}
	var live map[string][]string
	if err := json.Unmarshal(text, &live); err != nil {
		return "", errors.New("the file of the live endpoints' secrets cannot be read")
	}
	for key, secrets := range live {
		if slices.Contains(secrets, secret) {
			return "", fmt.Errorf("this is the secret of the live endpoint of %s: make another one for the test address", key)
		}
	}
	return secret, nil
}

// printProbes prints a row for each probe: what was sent, what came, what is right.
func printProbes(to io.Writer, results []probe.Result) error {
	var text strings.Builder
	failed := 0
	for _, one := range results {
		verdict := "ok"
		if !one.Passed {
			verdict = "WRONG"
			failed++
		}
		fmt.Fprintf(&text, "%-6s %-16s sent   %s\n%23s came   %s\n%23s right  %s\n", verdict, one.Probe, one.Sent, "", one.Came, "", one.Right)
	}
	if _, err := io.WriteString(to, text.String()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d probes failed", failed, len(results))
	}
	return nil
}
