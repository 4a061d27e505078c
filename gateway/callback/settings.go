package callback

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"

	"google.golang.org/grpc"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fanout"
	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/lease"
)

// Settings are the operator's settings of callbacks.
type Settings struct {
	CallbackSecrets    string         `help:"File of the secrets that sign callbacks, by agency: {\"kela\": [\"whsec_…\"]}, two during a rotation." env:"KOPPI_CALLBACK_SECRETS"`
	CallbackCert       string         `help:"File of the certificate that is shown to endpoints called over gRPC." env:"KOPPI_CALLBACK_CERT"`
	CallbackKey        string         `help:"File of that certificate's key." env:"KOPPI_CALLBACK_KEY"`
	CallbackCA         string         `help:"File of the CA of the endpoints' certificates; by default, the system's CAs." env:"KOPPI_CALLBACK_CA"`
	CallbackAllowCIDRs []netip.Prefix `help:"Private ranges whose addresses may be called, such as 10.1.0.0/16, for X-Road security servers." env:"KOPPI_CALLBACK_ALLOW_CIDRS" name:"callback-allow-cidrs"`
}

// Surroundings are what Settings.Open needs of the gateway.
type Surroundings struct {
	// Exchange is the connection to the merged exchange; its calls are in the name of the caller in
	// the context.
	Exchange  grpc.ClientConnInterface
	Directory *directory.Directory
	Leases    lease.Leases
	Logger    *slog.Logger
	// Dev allows http and loopback addresses.
	Dev    bool
	Timing Timing
	// States gets the state of each endpoint; nil where nobody asks for it.
	States *States
	// Services are connections to all services, and Keeper that to the one that keeps the state of endpoints, for
	// internal methods.
	Services fanout.Services
	Keeper   grpc.ClientConnInterface
}

// Open makes Callbacks of the settings, for the agencies that have an endpoint in the directory. It
// fails if a file cannot be read, or if an endpoint could not be called.
func (s Settings) Open(around Surroundings) (*Callbacks, error) {
	config := Config{
		Exchange: around.Exchange, Directory: around.Directory, Leases: around.Leases, Logger: around.Logger, Timing: around.Timing,
		States: around.States, Services: around.Services, Keeper: around.Keeper,
		Guard: Guard{Trial: around.Dev, Allow: s.CallbackAllowCIDRs},
	}
	if len(around.Directory.Called()) == 0 {
		return New(config)
	}
	var err error
	if config.Secrets, err = s.secrets(around.Directory); err != nil {
		return nil, fmt.Errorf("--callback-secrets: %w", err)
	}
	if s.CallbackCert != "" || s.CallbackKey != "" {
		pair, err := tls.LoadX509KeyPair(s.CallbackCert, s.CallbackKey)
		if err != nil {
			return nil, fmt.Errorf("--callback-cert and --callback-key: %w", err)
		}
		config.Certificate = &pair
	}
	if s.CallbackCA != "" {
		text, err := os.ReadFile(s.CallbackCA)
		if err != nil {
			return nil, fmt.Errorf("--callback-ca: %w", err)
		}
		if config.Roots = x509.NewCertPool(); !config.Roots.AppendCertsFromPEM(text) {
			return nil, errors.New("--callback-ca: it holds no certificate")
		}
	}
	return New(config)
}

// secrets reads the file of signing secrets. It refuses a secret for an agency that has no
// endpoint.
func (s Settings) secrets(known *directory.Directory) (map[string][]string, error) {
	if s.CallbackSecrets == "" {
		return nil, nil
	}
	text, err := seal.ReadSecret(s.CallbackSecrets)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the file is missing")
	}
	if err != nil {
		return nil, err
	}
	var secrets map[string][]string
	if err := json.Unmarshal(text, &secrets); err != nil {
		return nil, errors.New(`the file is {"agency": ["whsec_…"]}`)
	}
	for key := range secrets {
		if agency, ok := known.Agency(key); !ok || agency.Callback == nil {
			return nil, fmt.Errorf("the directory does not say that %q is called", key)
		}
	}
	return secrets, nil
}
