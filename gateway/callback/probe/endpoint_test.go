package probe

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/grpc/codes"
)

// endpoint is an endpoint that is correct, but for one fault that it is given by name. It is written from the
// contract alone, as a partner would, without a kit.
type endpoint struct {
	t        *testing.T
	fault    string
	verifier *webhooks.Webhook

	mu sync.Mutex
	// held are the chain hashes of the messages that were taken, by service.
	held map[string][][]byte
}

func newEndpoint(t *testing.T, fault string) *endpoint {
	t.Helper()
	verifier, err := webhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return &endpoint{t: t, fault: fault, verifier: verifier, held: map[string][][]byte{}}
}

// call is what this endpoint reads of a body.
type call struct {
	Messages []one `json:"messages"`
}

type one struct {
	Service                               string
	Sequence                              json.Number
	Record, Nonce, ContentHash, ChainHash []byte
	Redelivered                           bool
	Withheld                              []struct{ Rule string }
	Event                                 map[string]any
}

func (o one) tombstone() bool { return len(o.Record) == 0 && len(o.Withheld) > 0 }

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	switch {
	case r.URL.Path != "/koppi/koppi.exchange.v1.CallbackService/Deliver":
		w.WriteHeader(http.StatusNotFound)
		return
	case !e.trusts(body, r.Header):
		w.WriteHeader(http.StatusUnauthorized)
		return
	case e.fault == "large batch" && len(body) > 1<<20:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	var of call
	if err := json.Unmarshal(body, &of); err != nil {
		e.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch e.fault {
	case "redirects":
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		return
	case "html":
		w.Header().Set("Content-Type", "text/html")
	case "nonsense":
		_, _ = io.WriteString(w, `{"accepted": "many"}`)
		return
	case "endless":
		_, _ = io.WriteString(w, strings.Repeat(" ", maxAnswer+1))
		return
	case "too many":
		_, _ = io.WriteString(w, `{"accepted": 99}`)
		return
	case "unknown code":
		_, _ = io.WriteString(w, `{"refused": {"code": 99}}`)
		return
	}
	accepted, code := e.take(of.Messages)
	if e.fault == "takes and refuses" {
		code = codes.Unavailable
	}
	refused := ""
	if code != codes.OK {
		refused = fmt.Sprintf(`, "refused": {"code": %d, "message": "no", "fieldOfTomorrow": 1}`, code)
	}
	_, _ = fmt.Fprintf(w, `{"accepted": %d%s}`, accepted, refused)
}

func (e *endpoint) trusts(body []byte, header http.Header) bool {
	if header.Get(webhooks.HeaderWebhookSignature) == "" {
		return e.fault == "unsigned"
	}
	if e.verifier.VerifyIgnoringTimestamp(body, header) != nil {
		return e.fault == "wrong signature"
	}
	return e.fault == "old signature" || e.verifier.Verify(body, header) == nil
}

func (e *endpoint) take(messages []one) (accepted int, refused codes.Code) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, message := range messages {
		if e.fault == "taken" && message.Service != messages[0].Service {
			return accepted, codes.DataLoss
		}
		if code := e.takeOne(message); code != codes.OK {
			return accepted, code
		}
		accepted++
	}
	return accepted, codes.OK
}

func (e *endpoint) takeOne(message one) codes.Code {
	at, err := message.Sequence.Int64()
	held := e.held[message.Service]
	switch {
	case err != nil || at < 1 || message.tombstone() && message.Withheld[0].Rule == "erased" && e.fault == "tombstone":
		return codes.InvalidArgument
	case e.fault == "unknown event" && strings.HasSuffix(fmt.Sprint(message.Event["@type"]), "OfTomorrow"):
		return codes.Unimplemented
	case !message.tombstone() && !bytes.Equal(hash(message.Nonce, message.Record), message.ContentHash) && e.fault != "tampered":
		return codes.DataLoss
	case message.Redelivered:
		if e.fault == "redelivered" {
			// It moves the position by a message that has no place in the chain.
			e.held[message.Service] = append(held, message.ChainHash)
		}
		return codes.OK
	case int(at) <= len(held):
		if !bytes.Equal(held[at-1], message.ChainHash) && e.fault != "conflict" {
			return codes.DataLoss
		}
		if e.fault == "repeat" {
			return codes.AlreadyExists
		}
		return codes.OK
	case int(at) > len(held)+1:
		if e.fault == "gap" {
			// It would have Koppi park the matter.
			return codes.OutOfRange
		}
		return codes.DataLoss
	}
	before := make([]byte, sha256.Size)
	if len(held) > 0 {
		before = held[len(held)-1]
	}
	if !bytes.Equal(hash(before, message.ContentHash), message.ChainHash) && e.fault != "tampered" {
		return codes.DataLoss
	}
	e.held[message.Service] = append(held, message.ChainHash)
	return codes.OK
}

func hash(parts ...[]byte) []byte {
	of := sha256.Sum256(bytes.Join(parts, nil))
	return of[:]
}
