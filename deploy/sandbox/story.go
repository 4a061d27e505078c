package sandbox

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// Story is a way to an event: steps of a scenario, of which the last one causes it.
type Story struct {
	Scenario string `json:"scenario"`
	Steps    []int  `json:"steps"`
}

// Stories are the shortest ways by which an agency of the scenarios receives an event, by event (service/Event) and
// agency.
type Stories map[string]map[string]Story

//go:embed stories.json
var stories []byte

// LoadStories returns the stories that the tests found.
func LoadStories() (Stories, error) {
	var all Stories
	return all, json.Unmarshal(stories, &all)
}

// Of lists the events for which an agency has a story, sorted.
func (s Stories) Of(agency string) []string {
	var events []string
	for event, by := range s {
		if _, is := by[agency]; is {
			events = append(events, event)
		}
	}
	slices.Sort(events)
	return events
}

// find returns the story of an event for an agency. The event's name may be given without its service.
func (s Stories) find(name, agency string) (event string, story Story, found bool) {
	for _, event := range s.Of(agency) {
		if event == name || strings.HasSuffix(event, "/"+name) {
			return event, s[event][agency], true
		}
	}
	return "", Story{}, false
}

// scenes are the scenarios of which stories are told.
func scenes() (map[string]scenario.Scenario, error) {
	all, err := scenario.Load(scenarios.Files)
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(scenarios.Files, "rarer.json")
	if err != nil {
		return nil, err
	}
	rarer, err := scenario.Parse(text)
	rarer.Name = "rarer"
	byName := map[string]scenario.Scenario{rarer.Name: rarer}
	for _, one := range all {
		byName[one.Name] = one
	}
	return byName, err
}

// ErrUnknownEvent is the error for an event that the partner's agency never receives.
var ErrUnknownEvent = errors.New("no story has this event for your agency: GET /sandbox/events lists those that it can receive")

const (
	// arrival is how long an event may take that another service causes.
	arrival = 15 * time.Second
	// A due time that has not come with a story's last step comes within a month.
	mostDays = 31
)

// teller tells stories: the stand-ins of the partner's people and all others take real steps, until the partner's mailbox
// has the event.
type teller struct {
	conn    grpc.ClientConnInterface
	issuer  *identity.Issuer
	secrets *identity.Secrets
	stories Stories
	scenes  map[string]scenario.Scenario
	now     func() time.Time
	advance func(context.Context, time.Time) error
	// agency is the partner's, and plays the part of the scenarios' agency like.
	agency, like string
	// marks are the matters of stories, in which no robot answers.
	marks *marks

	mu     sync.Mutex
	cursor string
}

// Told is an event that arrived in the partner's mailbox.
type Told struct {
	Event    string `json:"event"`
	Subject  string `json:"subject"`
	Sequence uint64 `json:"sequence,string"`
}

// tell makes an event happen.
func (t *teller) tell(ctx context.Context, name string) (Told, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	event, story, found := t.stories.find(name, t.like)
	if !found {
		return Told{}, ErrUnknownEvent
	}
	return t.play(ctx, event, story)
}

// play replays a story, and waits until its event has arrived.
func (t *teller) play(ctx context.Context, event string, story Story) (Told, error) {
	if _, err := t.arrived(ctx, event); err != nil {
		return Told{}, err
	}
	strangers, chance := map[string]string{}, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // no secret
	live, err := t.scenes[story.Scenario].Live(story.Steps, scenario.Living{
		Now: t.now(), Agencies: map[string]string{t.like: t.agency},
		Client: func(code string) string {
			if strangers[code] == "" {
				strangers[code] = stranger(code, t.now(), chance)
			}
			return strangers[code]
		},
	})
	if err != nil {
		return Told{}, err
	}
	people := &cast{t: t}
	if err := (&scenario.Runner{Transport: people, Dev: people}).Run(ctx, live); err != nil {
		return Told{}, fmt.Errorf("the story of %s: %w", event, err)
	}
	byTime := len(live.Steps) > 0 && live.Steps[len(live.Steps)-1].Advance != ""
	return t.wait(ctx, event, byTime)
}

// wait waits for an event, and moves the clock by days if it comes by time.
func (t *teller) wait(ctx context.Context, event string, byTime bool) (Told, error) {
	end := time.Now().Add(arrival) //nolint:forbidigo // how long a person waits
	for days := 0; ; {
		told, err := t.arrived(ctx, event)
		switch {
		case err != nil || told != nil:
			if told == nil {
				told = &Told{}
			}
			return *told, err
		case byTime && days < mostDays:
			days++
			if err := t.advance(ctx, t.now().Add(24*time.Hour)); err != nil {
				return Told{}, err
			}
		case !byTime && time.Now().Before(end): //nolint:forbidigo // how long a person waits
			select {
			case <-ctx.Done():
				return Told{}, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		default:
			return Told{}, fmt.Errorf("the story of %s was told, and the event did not arrive", event)
		}
	}
}

// arrived reads the partner's mailbox on, and returns the event if it is there.
func (t *teller) arrived(ctx context.Context, event string) (*Told, error) {
	token, err := t.issuer.Issue(identity.Caller{Agency: t.agency, Role: identity.RoleSystem}, time.Now(), tokenLife) //nolint:forbidigo // a token's time
	if err != nil {
		return nil, err
	}
	var told *Told
	for {
		body, err := json.Marshal(map[string]string{"consumer": "sandbox-stories", "cursor": t.cursor})
		if err != nil {
			return nil, err
		}
		answer, err := scenario.GRPC{Conn: t.conn}.Call(ctx, token, "koppi.exchange.v1.ExchangeService/ListMessages", body)
		if err != nil {
			return nil, err
		}
		page := &exchangev1.ListMessagesResponse{}
		if err := protojson.Unmarshal(answer, page); err != nil {
			return nil, err
		}
		if len(page.GetMessages()) == 0 {
			return told, nil
		}
		t.cursor = page.GetNextCursor()
		for _, message := range page.GetMessages() {
			if message.GetService()+"/"+scenario.EventName(message) == event {
				told = &Told{Event: event, Subject: message.GetSubject(), Sequence: message.GetSequence()}
			}
		}
	}
}

// cast is the transport of a story: it gives its people tokens of the robots' issuer, moves the clock, and marks the
// matters that it sees as the story's.
type cast struct{ t *teller }

var ids = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// Call makes a call of a story.
func (c *cast) Call(ctx context.Context, token, call string, body []byte) ([]byte, error) {
	switch call {
	case "koppi.dev.v1.DevService/IssueToken":
		return c.token(body)
	case "koppi.dev.v1.DevService/AdvanceClock":
		return c.advance(ctx, body)
	}
	answer, err := scenario.GRPC{Conn: c.t.conn}.Call(ctx, token, call, body)
	if err != nil {
		return nil, err
	}
	return answer, c.t.marks.add(ids.FindAllString(string(answer), -1))
}

func (c *cast) token(body []byte) ([]byte, error) {
	r := &devv1.IssueTokenRequest{}
	if err := protojson.Unmarshal(body, r); err != nil {
		return nil, err
	}
	caller := identity.Caller{
		Agency: r.GetAgency(), Unit: r.GetUnit(), Worker: r.GetWorker(), Role: identity.Role(r.GetRole()), Name: r.GetName(),
		Profession: identity.Role(r.GetProfession()),
	}
	if caller.Role == identity.RoleClient {
		code, err := idcode.Parse(r.GetPersonalIdentityCode(), idcode.TestPersons, c.t.now())
		if err != nil {
			return nil, err
		}
		caller = identity.Caller{Role: identity.RoleClient, Client: c.t.secrets.ClientID(code)}
	}
	token, err := c.t.issuer.Issue(caller, time.Now(), tokenLife) //nolint:forbidigo // a token's time
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(&devv1.IssueTokenResponse{Token: token})
}

func (c *cast) advance(ctx context.Context, body []byte) ([]byte, error) {
	r := &devv1.AdvanceClockRequest{}
	if err := protojson.Unmarshal(body, r); err != nil {
		return nil, err
	}
	to := c.t.now().Add(r.GetBy().AsDuration())
	if r.GetTo() != nil {
		to = r.GetTo().AsTime()
	}
	if err := c.t.advance(ctx, to); err != nil {
		return nil, err
	}
	return protojson.Marshal(&devv1.AdvanceClockResponse{Now: timestamppb.New(to)})
}
