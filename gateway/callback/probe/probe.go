// Package probe tries out an agency's callback endpoint before it is used: it calls a test address as Koppi
// would, and as an attacker or a faulty Koppi might, and compares each answer with what is right.
package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Config configures a run. All fields but Roots are required.
type Config struct {
	// URL is the test address, as the directory would name it.
	URL *url.URL
	// Secret is the one with which bodies for the test address are signed: "whsec_" and base64. It must not be
	// a secret of the live address: an endpoint takes what is signed with its secret.
	Secret string
	// Agency is the key of the agency whose mailbox the messages seem to come from.
	Agency string
	// Roots verify the endpoint's certificate; nil means the system's.
	Roots *x509.CertPool
}

// Result is what one probe found.
type Result struct {
	// Probe is its name, Sent what was sent, Right what a correct endpoint answers, and Came what this one did.
	Probe, Sent, Right, Came string
	Passed                   bool
}

// answerTime is how long an endpoint may take to answer, as it may in production.
const answerTime = 30 * time.Second

// Run calls the endpoint with each probe in turn, and returns what came of them. Each probe has a mailbox of a
// service of its own, which no earlier run has used: probes do not depend on one another, and an endpoint may be
// probed again without clearing its inbox. An error says that the endpoint could not be probed.
func Run(ctx context.Context, config Config) ([]Result, error) {
	signer, err := newSigner(config.Secret)
	if err != nil {
		return nil, err
	}
	stranger, err := newSigner(randomSecret())
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	caller := &caller{
		url: strings.TrimSuffix(config.URL.String(), "/") + exchangev1.CallbackService_Deliver_FullMethodName,
		client: &http.Client{Transport: transport, Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		signer: signer, stranger: stranger,
	}
	run, results := "check"+randomLetters(8), make([]Result, 0, len(probes))
	for i, probe := range probes {
		result := Result{Probe: probe.name, Sent: probe.sent, Right: probe.right}
		box := &box{caller: caller, chains: map[string]*chain{}, agency: config.Agency, service: run + string(rune('a'+i))}
		answer, passed := probe.run(ctx, box)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if answer.unreachable && i == 0 {
			return nil, fmt.Errorf("no answer from %s: %w", config.URL.Redacted(), answer.err)
		}
		result.Came, result.Passed = answer.String(), passed
		results = append(results, result)
	}
	return results, nil
}

func newSigner(secret string) (*webhooks.Webhook, error) {
	signer, err := webhooks.NewWebhook(secret)
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		return nil, errors.New("a secret is whsec_ and base64")
	}
	return signer, nil
}

func randomSecret() string {
	return "whsec_" + strings.NewReplacer("-", "A", "=", "").Replace(rand.Text()+"AAAAAA")
}

// randomLetters returns lower-case letters: a service's name has no others.
func randomLetters(count int) string {
	random := make([]byte, count)
	_, _ = rand.Read(random) // never fails
	for i := range random {
		random[i] = 'a' + random[i]%26
	}
	return string(random)
}
