package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"koppi.internal/deploy/config"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal/seal"
)

const (
	// PartnerIssuer signs the tokens of the partner's agency, by the key that the partner gets.
	PartnerIssuer = "https://partner.sandbox.koppi.internal"
	// robotIssuer signs those of the robots and of the stories' people.
	robotIssuer = "https://robot.sandbox.koppi.internal"

	secretBytes = 32
)

// Credentials are the files that a partner gets.
type Credentials struct {
	// IssuerKey is the key with which tokens of the partner's agency are signed, CallbackSecret the secret with which
	// calls of its endpoint are signed.
	IssuerKey, CallbackSecret string
}

// credentials are the paths of the partner's files in a data folder.
func credentials(data string) Credentials {
	return Credentials{filepath.Join(data, "partner", "issuer-key.json"), filepath.Join(data, "partner", "callback.secret")}
}

// trust makes the keys that are missing, and the configuration that trusts them: the partner's issuer for its own agency,
// and the robots' for all agencies and clients.
func trust(data, agency string) (robots *identity.Issuer, trusted []identity.IssuerConfig, err error) {
	partner, err := identity.OpenIssuer(credentials(data).IssuerKey, PartnerIssuer)
	if err != nil {
		return nil, nil, err
	}
	if robots, err = identity.OpenIssuer(filepath.Join(data, "robots", "issuer-key.json"), robotIssuer); err != nil {
		return nil, nil, err
	}
	own, err := partner.For(agency)
	if err != nil {
		return nil, nil, err
	}
	all, err := robots.For()
	all.Everyone, all.Clients = true, true
	return robots, []identity.IssuerConfig{own, all}, err
}

// callbackSecrets makes the partner's callback secret, if it is missing, and returns the file of secrets for Koppi.
func callbackSecrets(data, agency string) (string, error) {
	path := credentials(data).CallbackSecret
	secret, err := seal.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, secretBytes)
		_, _ = rand.Read(random) // it never fails
		secret = []byte("whsec_" + base64.StdEncoding.EncodeToString(random))
		err = seal.WriteSecret(path, secret)
	}
	if err != nil {
		return "", fmt.Errorf("callback secret: %w", err)
	}
	file := filepath.Join(data, "robots", "callback-secrets-"+agency+".json")
	text, err := json.Marshal(map[string][]string{agency: {strings.TrimSpace(string(secret))}})
	if err != nil {
		return "", err
	}
	if err := seal.WriteSecret(file, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("callback secret: %w", err)
	}
	return file, nil
}

// agencies are those of the scenarios, with the partner's own: one of them, or a copy of one under another key. Koppi
// calls the partner at an address, if there is one.
func agencies(agency, like, address string) (*directory.Directory, error) {
	var file map[string]any
	if err := json.Unmarshal(config.Directory, &file); err != nil {
		return nil, err
	}
	listed, _ := file["agencies"].([]any)
	entry := func(key string) map[string]any {
		for _, one := range listed {
			if one, is := one.(map[string]any); is && one["agency"] == key {
				return one
			}
		}
		return nil
	}
	own := entry(agency)
	switch {
	case own == nil && entry(like) == nil:
		return nil, fmt.Errorf("--like %s: name the agency of the scenarios' directory whose part %s takes, such as hva-pohjois-savo", like, agency)
	case own == nil:
		text, err := json.Marshal(entry(like))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &own); err != nil {
			return nil, err
		}
		own["agency"], own["names"] = agency, map[string]any{"fi": agency, "sv": agency, "en": agency}
		delete(own, "shortNames")
		file["agencies"] = append(listed, own)
	case like != "" && like != agency:
		return nil, fmt.Errorf("--like: %s is in the directory itself", agency)
	}
	if address != "" {
		own["callback"] = map[string]string{"protocol": "CONNECT", "url": address}
	}
	text, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	return directory.Parse(text)
}
