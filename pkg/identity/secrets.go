package identity

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"

	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/journal/seal"
)

// Kind is a kind of pseudonym or token.
type Kind string

const (
	KindClient Kind = "client"
	KindCase   Kind = "case"
)

// SecretsFile is the name of the file that holds the suite's pseudonym keys. All services share it, so that a
// client has the same pseudonym for an agency in all of them.
const SecretsFile = "names.json"

const internalBytes = 16

// Secrets map identity codes to internal ids, and internal ids to a pseudonym for each agency, so that two
// agencies cannot match their clients.
type Secrets struct {
	internal *prf.Set
	digest   *prf.Set
	names    tink.DeterministicAEAD
	tokens   tink.AEAD
}

// secretsFile holds four Tink keysets. The first three must not be rotated: the pseudonyms that agencies hold
// would change.
type secretsFile struct {
	ClientID json.RawMessage `json:"inner"`
	Digest   json.RawMessage `json:"digest"`
	Names    json.RawMessage `json:"names"`
	Tokens   json.RawMessage `json:"tokens"`
}

// OpenSecrets reads the pseudonym keys of a folder; at the first start it makes them.
func OpenSecrets(folder string) (*Secrets, error) {
	path := filepath.Join(folder, SecretsFile)
	text, err := seal.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if text, err = makeSecrets(); err == nil {
			err = seal.WriteSecret(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var file secretsFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("identity: %s contains no pseudonym keys", path)
	}
	return parseSecrets(file)
}

func makeSecrets() ([]byte, error) {
	var file secretsFile
	for keys, template := range map[*json.RawMessage]*tinkpb.KeyTemplate{
		&file.ClientID: prf.HMACSHA256PRFKeyTemplate(), &file.Digest: prf.HMACSHA256PRFKeyTemplate(),
		&file.Names: daead.AESSIVKeyTemplate(), &file.Tokens: aead.AES256GCMKeyTemplate(),
	} {
		handle, err := keyset.NewHandle(template)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
			return nil, err
		}
		*keys = bytes.TrimSpace(text.Bytes())
	}
	return json.Marshal(file)
}

func parseSecrets(file secretsFile) (*Secrets, error) {
	secrets := &Secrets{}
	var failed error
	handle := func(text json.RawMessage) *keyset.Handle {
		handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
		if err != nil {
			failed = errors.New("identity: a pseudonym key is missing or invalid")
		}
		return handle
	}
	internal, digest, names, tokens := handle(file.ClientID), handle(file.Digest), handle(file.Names), handle(file.Tokens)
	if failed != nil {
		return nil, failed
	}
	var errs [4]error
	secrets.internal, errs[0] = prf.NewPRFSet(internal)
	secrets.digest, errs[1] = prf.NewPRFSet(digest)
	secrets.names, errs[2] = daead.New(names)
	secrets.tokens, errs[3] = aead.New(tokens)
	return secrets, errors.Join(errs[:]...)
}

// ClientID returns the internal id of a person. It is always the same, and nobody can tell without the key
// whose it is.
func (s *Secrets) ClientID(code idcode.Code) string {
	id, err := s.internal.ComputePrimaryPRF([]byte(code.String()), internalBytes)
	if err != nil {
		panic(err) // a fixed, valid output length cannot fail
	}
	return hex.EncodeToString(id)
}

// NewCase returns the internal id of a new case of a client. Client is empty if no person is identified. Half
// of the id is random and half depends on the client, so that every service can tell whether a case is this
// client's without asking the others.
func (s *Secrets) NewCase(client string) string {
	random := uuid.New()
	half := random[:internalBytes/2]
	return hex.EncodeToString(append(half, s.Digest(half, []byte(client))[:internalBytes/2]...))
}

// IsCaseOf reports whether a case was made for a client.
func (s *Secrets) IsCaseOf(internal, client string) bool {
	raw, err := hex.DecodeString(internal)
	if err != nil || len(raw) != internalBytes {
		return false
	}
	half := raw[:internalBytes/2]
	return hmac.Equal(raw[internalBytes/2:], s.Digest(half, []byte(client))[:internalBytes/2])
}

// RandomClientID returns a new internal id for a client whose identity is unknown.
func (s *Secrets) RandomClientID() string {
	id := uuid.New()
	return hex.EncodeToString(id[:])
}

// Pseudonym returns the name that an agency has for an internal id: opaque, always the same, and different
// for every agency.
func (s *Secrets) Pseudonym(kind Kind, agency, internal string) string {
	raw, err := hex.DecodeString(internal)
	if err != nil || internal == "" {
		return ""
	}
	name, err := s.names.EncryptDeterministically(raw, place(kind, agency))
	if err != nil {
		panic(err) // encryption of a short text cannot fail
	}
	return base64.RawURLEncoding.EncodeToString(name)
}

// InternalID returns the internal id behind an agency's pseudonym; false if this agency was not given the
// pseudonym.
func (s *Secrets) InternalID(kind Kind, agency, pseudonym string) (string, bool) {
	name, err := base64.RawURLEncoding.Strict().DecodeString(pseudonym)
	if err != nil {
		return "", false
	}
	internal, err := s.names.DecryptDeterministically(name, place(kind, agency))
	if err != nil || len(internal) != internalBytes {
		return "", false
	}
	return hex.EncodeToString(internal), true
}

// Digest returns a keyed digest of content, which tells contents apart without revealing them.
func (s *Secrets) Digest(parts ...[]byte) []byte {
	var all []byte
	for _, part := range parts {
		all = fmt.Appendf(all, "%d:", len(part))
		all = append(all, part...)
	}
	digest, err := s.digest.ComputePrimaryPRF(all, internalBytes)
	if err != nil {
		panic(err) // a fixed, valid output length cannot fail
	}
	return digest
}

// Token encrypts a payload that an agency is to send back unchanged.
func (s *Secrets) Token(kind Kind, agency string, payload []byte) string {
	sealed, err := s.tokens.Encrypt(payload, place(kind, agency))
	if err != nil {
		panic(err) // encryption of a short text cannot fail
	}
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// OpenToken decrypts a token that was given to this agency for this purpose; false for any other.
func (s *Secrets) OpenToken(kind Kind, agency, token string) ([]byte, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, false
	}
	payload, err := s.tokens.Decrypt(sealed, place(kind, agency))
	return payload, err == nil
}

func place(kind Kind, agency string) []byte { return []byte(string(kind) + "\x00" + agency) }
