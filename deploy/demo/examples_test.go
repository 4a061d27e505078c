package demo_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/deploy/testkit"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// examplesFile is what the documentation embeds.
const examplesFile = "gateway/docs/data/events.json"

// example is a case message that an agency received.
type example struct {
	Scenario string          `json:"scenario"`
	Reader   string          `json:"reader"`
	Message  json.RawMessage `json:"message"`
	withheld int
}

// examples maps a service and an event, such as concern/ConcernSubmitted, to the message of which the least is
// withheld: the first of those.
type examples map[string]example

// collect reads the mailboxes of all agencies of a replayed scenario.
func (e examples) collect(ctx context.Context, s scenario.Scenario, koppi scenario.Transport) error {
	agencies := map[string]bool{}
	for _, party := range s.Cast {
		if party.Agency != "" {
			agencies[party.Agency] = true
		}
	}
	for _, agency := range slices.Sorted(maps.Keys(agencies)) {
		messages, err := mailbox(ctx, koppi, agency)
		if err != nil {
			return err
		}
		for _, message := range messages {
			if err := e.add(s, message); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e examples) add(s scenario.Scenario, message *exchangev1.CaseMessage) error {
	event := scenario.EventName(message)
	key := message.GetService() + "/" + event
	before, is := e[key]
	if event == "" || is && before.withheld <= len(message.GetWithheld()) {
		return nil
	}
	text, err := protojson.Marshal(message)
	if err != nil {
		return err
	}
	steady, err := steady(text)
	e[key] = example{Scenario: s.Title, Reader: message.GetMailbox(), Message: steady, withheld: len(message.GetWithheld())}
	return err
}

// mailbox reads all that an agency was told.
func mailbox(ctx context.Context, koppi scenario.Transport, agency string) ([]*exchangev1.CaseMessage, error) {
	answer, err := koppi.Call(ctx, "", "koppi.dev.v1.DevService/IssueToken", fmt.Appendf(nil, `{"agency": %q, "role": "system"}`, agency))
	if err != nil {
		return nil, err
	}
	var issued struct{ Token string }
	if err := json.Unmarshal(answer, &issued); err != nil {
		return nil, err
	}
	page := &exchangev1.ListMessagesResponse{}
	var all []*exchangev1.CaseMessage
	for page.GetBacklog() > 0 || all == nil {
		answer, err := koppi.Call(ctx, issued.Token, "koppi.exchange.v1.ExchangeService/ListMessages",
			fmt.Appendf(nil, `{"consumer": "examples", "cursor": %q, "pageSize": 100}`, page.GetNextCursor()))
		if err != nil {
			return nil, err
		}
		if err := protojson.Unmarshal(answer, page); err != nil {
			return nil, err
		}
		all = append(all, page.GetMessages()...)
		if len(page.GetMessages()) == 0 {
			break
		}
	}
	return all, nil
}

var (
	uuids    = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	numbers  = regexp.MustCompile(`"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"`)
	random   = regexp.MustCompile(`"(caseId|clientId|etag|contentHash|chainHash|traceparent)":"[^"]*"`)
	sequence = regexp.MustCompile(`"(sequence|subjectVersion)":"[0-9]+"`)
)

// steady replaces what is different at each replay: ids by their place in the message, hashes and pseudonyms
// by one that has their form. Keys are in order.
func steady(text []byte) ([]byte, error) {
	var compact bytes.Buffer
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	ordered, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var seen []string
	ordered = uuids.ReplaceAllFunc(ordered, func(id []byte) []byte {
		at := slices.Index(seen, string(id))
		if at < 0 {
			at = len(seen)
			seen = append(seen, string(id))
		}
		return fmt.Appendf(nil, "01983c40-5a00-7000-8000-%012d", at+1)
	})
	ordered = numbers.ReplaceAll(ordered, []byte(`"7F3Q-92KD"`))
	ordered = random.ReplaceAllFunc(ordered, func(found []byte) []byte {
		name, _, _ := strings.Cut(string(found[1:]), `"`)
		return fmt.Appendf(nil, "%q:%q", name, forms[name])
	})
	ordered = sequence.ReplaceAll(ordered, []byte(`"$1":"1"`))
	err = json.Compact(&compact, ordered)
	return compact.Bytes(), err
}

// forms are what stands for random values.
var forms = map[string]string{
	"caseId": "AUdyuPIMDynslpjaIh8KkRwQAROkcUsyjoaAzpHFCGNILDFUVw", "clientId": "AUdyuPIb3Ky6yNhidbGCbPA_tO4zPmsZhFaHrK17_YbxO5tD3w",
	"etag": "5iWBRvL3O7AHBOui", "contentHash": "dzTJPDzzDBzLdXqEbfu4I3JTdppofQ6kIMSTZ0z7VdQ=", "chainHash": "Wvdf8J8xiy9ZftEkBtfcIMr6B7O6De4wvLr5haG7F2U=",
	"traceparent": "00-0004e655f52f5104b11b235d7226d1f5-a7e9c2708d71e0c4-01",
}

// check replays what no scenario tells, compares all examples with those that the documentation has, and
// fails for an event of the disclosure tables that a mailbox gets and that has none.
func (e examples) check(t *testing.T) {
	t.Helper()
	e.rarer(t)
	got, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	path := testkit.Path(examplesFile)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(want)) != string(got) {
		t.Errorf("the examples of events have changed: go test ./deploy/demo -update (%v)", err)
	}
	for _, event := range disclosed(t) {
		if _, is := e[event]; !is && !e.elsewhere(event) {
			t.Errorf("no replayed case has the event %s: add it to deploy/scenarios/rarer.json", event)
		}
	}
}

// rarer replays the case of the events that are in no scenario.
func (e examples) rarer(t *testing.T) {
	t.Helper()
	s, err := scenario.Parse(testkit.Must(scenarios.Files.ReadFile("rarer.json")))
	if err != nil {
		t.Fatal(err)
	}
	i := testkit.Start(t, allinone.Config{Clock: s.Clock})
	transport := scenario.ConnectJSON{Address: i.Address, Client: http.DefaultClient}
	runner := scenario.Runner{Transport: transport, Dev: transport}
	if err := cmp.Or(runner.Run(t.Context(), s), e.collect(t.Context(), s, transport)); err != nil {
		t.Fatal(err)
	}
}

// elsewhere reports whether an event of all services has an example of another one.
func (e examples) elsewhere(event string) bool {
	_, name, _ := strings.Cut(event, "/")
	for key, one := range e {
		if strings.HasSuffix(key, "/"+name) && strings.Contains(string(one.Message), "koppi.common.v1."+name) {
			return true
		}
	}
	return false
}

// disclosed lists the events that an agency is told of, by the page of the disclosure rules.
func disclosed(t *testing.T) []string {
	t.Helper()
	text := string(testkit.Must(os.ReadFile(testkit.Path("deploy/disclosure/disclosure.md"))))
	text, _, _ = strings.Cut(text, "# Recipients of texts")
	var all []string
	for _, section := range strings.Split(text, "\n## ")[1:] {
		service, _, _ := strings.Cut(section, "\n")
		_, table, _ := strings.Cut(section, "### What is disclosed to whom")
		for line := range strings.Lines(table) {
			cells := strings.Split(line, "|")
			if len(cells) > 4 && regexp.MustCompile(`^ [A-Z]`).MatchString(cells[1]) && strings.Contains(line, "from ") {
				all = append(all, strings.ToLower(service)+"/"+strings.TrimSpace(cells[1]))
			}
		}
	}
	if len(all) < 60 {
		t.Errorf("the page of the disclosure rules has %d events", len(all))
	}
	return all
}
