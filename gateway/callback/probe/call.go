package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/gateway/callback"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// maxAnswer is how much of an answer Koppi reads, in bytes.
const maxAnswer = 64 << 10

// caller calls one endpoint.
type caller struct {
	url    string
	client *http.Client
	// signer signs as Koppi does, stranger with a secret that the endpoint does not know.
	signer, stranger *webhooks.Webhook
}

// signature says how a body is signed.
type signature int

const (
	signed signature = iota
	unsigned
	strangers
	// expired is a true signature of an hour ago, as of a call that somebody recorded.
	expired
)

// post calls the endpoint once.
func (c *caller) post(ctx context.Context, body []byte, how signature) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Connect-Protocol-Version", "1")
	if err := c.sign(request.Header, body, how); err != nil {
		return answer{err: err}
	}
	response, err := c.client.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return answer{err: err, unreachable: true}
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		a.err = err
		return a
	}
	a.kind, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	if a.status != http.StatusOK {
		return a
	}
	switch a.response = (&exchangev1.DeliverResponse{}); {
	case len(text) > maxAnswer:
		a.err = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	case a.kind != "application/json":
		a.err = fmt.Errorf("the answer has content type %q, not application/json", a.kind)
	case (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, a.response) != nil:
		a.err = errors.New("the answer is no DeliverResponse")
	}
	return a
}

// sign adds the headers of Standard Webhooks.
func (c *caller) sign(header http.Header, body []byte, how signature) error {
	signer, at := c.signer, time.Now() //nolint:forbidigo // the wire's time
	switch how {
	case unsigned:
		return nil
	case strangers:
		signer = c.stranger
	case expired:
		at = at.Add(-time.Hour)
	}
	id := "msg_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	text, err := signer.Sign(id, at, body)
	header.Set(webhooks.HeaderWebhookID, id)
	header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	header.Set(webhooks.HeaderWebhookSignature, text)
	return err
}

// answer is what came of one call.
type answer struct {
	status   int
	kind     string
	response *exchangev1.DeliverResponse
	// err says why there is no answer, or why it cannot be read.
	err error
	// unreachable: no answer came.
	unreachable bool
	// before is what preceded the call, where that failed.
	before string
}

// String describes an answer for people. Texts of the endpoint's own are not repeated.
func (a answer) String() string {
	text := fmt.Sprintf("HTTP %d", a.status)
	switch {
	case a.unreachable:
		text = "no answer: " + a.err.Error()
	case a.err != nil:
		text += ": " + a.err.Error()
	case a.response != nil:
		text += fmt.Sprintf(", accepted %d", a.response.GetAccepted())
		if refused := a.response.GetRefused(); refused != nil {
			text += ", refused " + code.Code(refused.GetCode()).String()
		}
	}
	if a.before != "" {
		return a.before + " (" + text + ")"
	}
	return text
}

// accepts reports whether exactly so many messages were accepted, and none refused.
func (a answer) accepts(messages int) bool {
	return a.err == nil && a.response != nil && int(a.response.GetAccepted()) == messages && a.response.GetRefused().GetCode() == 0
}

// denies reports whether the call was refused for its signature.
func (a answer) denies() bool {
	return a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
}

// waits reports whether nothing was accepted, and Koppi would call again with the same messages, rather than
// park the matter.
func (a answer) waits() bool {
	if a.response != nil && a.err == nil {
		code := codes.Code(a.response.GetRefused().GetCode()) //nolint:gosec // a code
		return a.response.GetAccepted() == 0 && code != codes.OK && !callback.Permanent(code)
	}
	return a.status >= http.StatusInternalServerError
}

// refuses reports whether nothing was accepted and the refusal has this code.
func (a answer) refuses(code codes.Code) bool {
	return a.err == nil && a.response != nil && a.response.GetAccepted() == 0 && a.response.GetRefused().GetCode() == int32(code) //nolint:gosec // a code
}

// body writes messages as Koppi does. An event that tomorrow's Koppi sends is written by hand: today's has no
// type for it.
func body(messages []message, cursor string) ([]byte, error) {
	request := map[string]any{"cursor": cursor}
	written := make([]json.RawMessage, 0, len(messages))
	for _, one := range messages {
		text, err := protojson.Marshal(one.CaseMessage)
		if err != nil {
			return nil, err
		}
		if len(one.tomorrow) > 0 {
			fields := map[string]json.RawMessage{}
			if err := json.Unmarshal(text, &fields); err != nil {
				return nil, err
			}
			for name, value := range one.tomorrow {
				fields[name] = json.RawMessage(value)
			}
			if text, err = json.Marshal(fields); err != nil {
				return nil, err
			}
		}
		written = append(written, text)
	}
	request["messages"] = written
	return json.Marshal(request)
}
