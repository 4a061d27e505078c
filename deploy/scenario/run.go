package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/partner"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

const (
	consumer  = "scenario"
	methodDev = "koppi.dev.v1.DevService/"
	methodEx  = "koppi.exchange.v1.ExchangeService/"
)

// Observer is called after each step.
type Observer interface {
	Called(s Scenario, step Step, body []byte, answer map[string]any, refusal *Refusal)
	Read(s Scenario, step Step, messages []*exchangev1.CaseMessage)
	Advanced(s Scenario, step Step, now time.Time)
}

// Runner replays a scenario against an empty instance.
type Runner struct {
	// Transport carries the calls, Dev those to DevService: a test that calls a service directly
	// may reach the two at different addresses.
	Transport, Dev Transport
	// Observer may be nil.
	Observer Observer

	scenario Scenario
	saved    map[string]string
	tokens   map[string]string
	systems  map[string]string
	chains   map[string]partner.Position
}

// Run carries out all steps. It returns an error for the first step whose result differs from what
// is expected.
func (r *Runner) Run(ctx context.Context, s Scenario) error {
	r.scenario, r.saved = s, map[string]string{}
	r.tokens, r.systems, r.chains = map[string]string{}, map[string]string{}, map[string]partner.Position{}
	for name, party := range s.Cast {
		token, err := r.token(ctx, party)
		if err != nil {
			return fmt.Errorf("%s: get a token for %s: %w", s.Name, name, err)
		}
		r.tokens[name] = token
	}
	for i, step := range s.Steps {
		if err := r.step(ctx, step); err != nil {
			return fmt.Errorf("%s, step %d (%s%s%s): %w", s.Name, i+1, step.Call, step.Mailbox, step.Advance, err)
		}
	}
	return nil
}

func (r *Runner) token(ctx context.Context, party CastParty) (string, error) {
	body, err := json.Marshal(party)
	if err != nil {
		return "", err
	}
	answer, err := r.Dev.Call(ctx, "", methodDev+"IssueToken", body)
	if err != nil {
		return "", err
	}
	issued := &devv1.IssueTokenResponse{}
	err = protojson.Unmarshal(answer, issued)
	return issued.GetToken(), err
}

func (r *Runner) step(ctx context.Context, step Step) error {
	switch {
	case step.Advance != "":
		return r.advance(ctx, step)
	case step.Mailbox != "":
		return r.mailbox(ctx, step)
	default:
		return r.call(ctx, step)
	}
}

func (r *Runner) call(ctx context.Context, step Step) error {
	body, err := r.filled(step.Body)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := r.Transport.Call(ctx, r.tokens[step.As], step.Call, text)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	parsed := map[string]any{}
	if refusal == nil {
		if err := decode(answer, &parsed); err != nil {
			return err
		}
	}
	if r.Observer != nil {
		r.Observer.Called(r.scenario, step, text, parsed, refusal)
	}
	if step.Code != "" || refusal != nil {
		return refusedAs(step, refusal)
	}
	for name, path := range step.Save {
		value, ok := at(parsed, path).(string)
		if !ok {
			return fmt.Errorf("the answer has no field %s to save", path)
		}
		r.saved[name] = value
	}
	return r.compare(step.Expect, parsed)
}

func refusedAs(step Step, refusal *Refusal) error {
	switch {
	case refusal == nil:
		return fmt.Errorf("want the refusal %s %s, but the call was accepted", step.Code, step.Reason)
	case step.Code == "":
		return refusal
	case refusal.Code != step.Code || step.Reason != "" && refusal.Reason != step.Reason:
		return fmt.Errorf("want the refusal %s %s, got %w", step.Code, step.Reason, refusal)
	}
	return nil
}

// filled parses a JSON text and fills in saved values.
func (r *Runner) filled(text json.RawMessage) (any, error) {
	if len(text) == 0 {
		return map[string]any{}, nil
	}
	var value any
	if err := decode(text, &value); err != nil {
		return nil, err
	}
	return fill(value, r.saved, uuid.NewString)
}

func (r *Runner) compare(expect json.RawMessage, got map[string]any) error {
	value, err := r.filled(expect)
	if err != nil {
		return err
	}
	fields, _ := value.(map[string]any)
	return compareFields(fields, got)
}

func compareFields(want, got map[string]any) error {
	var wrong []error
	for path, value := range want {
		if found := at(got, path); !matches(value, found) {
			wrong = append(wrong, fmt.Errorf("%s: want %v, got %v", path, value, found))
		}
	}
	return errors.Join(wrong...)
}

func (r *Runner) advance(ctx context.Context, step Step) error {
	request := map[string]string{"to": step.Advance}
	if by, err := time.ParseDuration(step.Advance); err == nil {
		request = map[string]string{"by": fmt.Sprintf("%ds", int(by.Seconds()))}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := r.Dev.Call(ctx, "", methodDev+"AdvanceClock", body)
	if err != nil {
		return err
	}
	moved := &devv1.AdvanceClockResponse{}
	if err := protojson.Unmarshal(answer, moved); err != nil {
		return err
	}
	if r.Observer != nil {
		r.Observer.Advanced(r.scenario, step, moved.GetNow().AsTime())
	}
	return nil
}

// mailbox reads the messages since the last time, verifies and acknowledges them, and compares all
// of them with the expected ones.
func (r *Runner) mailbox(ctx context.Context, step Step) error {
	agency := r.scenario.Cast[step.Mailbox].Agency
	if r.systems[agency] == "" {
		token, err := r.token(ctx, CastParty{Agency: agency, Role: "system"})
		if err != nil {
			return err
		}
		r.systems[agency], r.chains[agency] = token, partner.Position{}
	}
	messages, err := r.read(ctx, agency)
	if err != nil {
		return err
	}
	if r.Observer != nil {
		r.Observer.Read(r.scenario, step, messages)
	}
	value, err := r.filled(step.Expect)
	if err != nil {
		return err
	}
	want, _ := value.([]any)
	if len(want) != len(messages) {
		return fmt.Errorf("want %d messages, got %s", len(want), names(messages))
	}
	for i, message := range messages {
		got, err := flatten(message)
		if err != nil {
			return err
		}
		fields, _ := want[i].(map[string]any)
		if err := compareFields(fields, got); err != nil {
			return fmt.Errorf("message %d of %s: %w", i+1, names(messages), err)
		}
	}
	return nil
}

func (r *Runner) read(ctx context.Context, agency string) ([]*exchangev1.CaseMessage, error) {
	var messages []*exchangev1.CaseMessage
	for {
		answer, err := r.Transport.Call(ctx, r.systems[agency], methodEx+"ListMessages",
			[]byte(`{"consumer":"`+consumer+`","withRecords":true,"pageSize":3}`))
		if err != nil {
			return nil, err
		}
		page := &exchangev1.ListMessagesResponse{}
		if err := protojson.Unmarshal(answer, page); err != nil {
			return nil, err
		}
		for _, message := range page.GetMessages() {
			if r.chains[agency], err = r.chains[agency].Follow(message, ""); err != nil {
				return nil, err
			}
		}
		messages = slices.Concat(messages, page.GetMessages())
		if len(page.GetMessages()) == 0 {
			return messages, nil
		}
		acknowledge, err := json.Marshal(map[string]string{"consumer": consumer, "cursor": page.GetNextCursor()})
		if err != nil {
			return nil, err
		}
		if _, err := r.Transport.Call(ctx, r.systems[agency], methodEx+"AcknowledgeMessages", acknowledge); err != nil {
			return nil, err
		}
	}
}

// flatten returns a message in the form in which expectations name its parts: "event" is the
// event's name, "event.field" a field of it.
func flatten(message *exchangev1.CaseMessage) (map[string]any, error) {
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	if err := decode(text, &fields); err != nil {
		return nil, err
	}
	event, _ := fields["event"].(map[string]any)
	return withEvent(fields, event, EventName(message)), nil
}

// withEvent makes "event" itself a value that at can find, as well as its fields.
func withEvent(fields, event map[string]any, name string) map[string]any {
	flat := map[string]any{"event": eventNode{name: name, fields: event}}
	for key, value := range fields {
		if key != "event" {
			flat[key] = value
		}
	}
	return flat
}

type eventNode struct {
	name   string
	fields map[string]any
}

// EventName is the name of the event's message type, without the package.
func EventName(message *exchangev1.CaseMessage) string {
	name := message.GetEvent().GetTypeUrl()
	return name[strings.LastIndexByte(name, '.')+1:]
}

func names(messages []*exchangev1.CaseMessage) string {
	all := make([]string, 0, len(messages))
	for _, message := range messages {
		all = append(all, EventName(message))
	}
	return fmt.Sprintf("%d: %s", len(messages), strings.Join(all, ", "))
}
