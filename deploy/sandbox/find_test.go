package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/testkit"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

var update = flag.Bool("update", false, "find the stories again")

func TestMain(m *testing.M) { testkit.Main(m) }

// occurrence is an event that an agency received at a step of a scenario, and the name by which the scenario speaks of
// its matter.
type occurrence struct {
	scenario, event, agency, name string
	step                          int
}

// watcher sees after each step of a replay what each agency received.
type watcher struct {
	t       *testing.T
	koppi   scenario.Transport
	step    int
	names   map[string]string
	cursors map[string]string
	tokens  map[string]string
	found   []occurrence
}

func (w *watcher) Called(s scenario.Scenario, step scenario.Step, _ []byte, answer map[string]any, _ *scenario.Refusal) {
	for name, id := range scenario.Saved(step, answer) {
		w.names[id] = name
	}
	w.look(s)
}

func (w *watcher) Read(scenario.Scenario, scenario.Step, []*exchangev1.CaseMessage) { w.step++ }

func (w *watcher) Advanced(s scenario.Scenario, _ scenario.Step, _ time.Time) { w.look(s) }

// look reads what is new in all mailboxes.
func (w *watcher) look(s scenario.Scenario) {
	for agency, token := range w.tokens {
		for {
			answer := testkit.Must(w.koppi.Call(w.t.Context(), token, "koppi.exchange.v1.ExchangeService/ListMessages",
				fmt.Appendf(nil, `{"consumer": "watcher", "cursor": %q}`, w.cursors[agency])))
			page := &exchangev1.ListMessagesResponse{}
			if err := protojson.Unmarshal(answer, page); err != nil {
				w.t.Fatal(err)
			}
			if len(page.GetMessages()) == 0 {
				break
			}
			w.cursors[agency] = page.GetNextCursor()
			for _, message := range page.GetMessages() {
				if name := scenario.EventName(message); name != "" {
					_, id, _ := strings.Cut(message.GetSubject(), "/")
					w.found = append(w.found, occurrence{s.Name, message.GetService() + "/" + name, agency, w.names[id], w.step})
				}
			}
		}
	}
	w.step++
}

// occurrences replays all scenarios.
func occurrences(t *testing.T, all map[string]scenario.Scenario) []occurrence {
	t.Helper()
	var found []occurrence
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		i := testkit.Start(t, allinone.Config{Clock: s.Clock})
		transport := scenario.ConnectJSON{Address: i.Address, Client: http.DefaultClient}
		w := &watcher{t: t, koppi: transport, names: map[string]string{}, cursors: map[string]string{}, tokens: map[string]string{}}
		for _, party := range s.Cast {
			if party.Agency == "" || w.tokens[party.Agency] != "" {
				continue
			}
			answer := testkit.Must(transport.Call(t.Context(), "", "koppi.dev.v1.DevService/IssueToken", fmt.Appendf(nil, `{"agency": %q, "role": "system"}`, party.Agency)))
			var issued struct{ Token string }
			if err := json.Unmarshal(answer, &issued); err != nil {
				t.Fatal(err)
			}
			w.tokens[party.Agency] = issued.Token
		}
		if err := (&scenario.Runner{Transport: transport, Dev: transport, Observer: w}).Run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		found = append(found, w.found...)
	}
	return found
}

// ways are the stories that may lead to an occurrence: only its own matter, that with the passing of time, and all that
// came before.
func (o occurrence) ways(s scenario.Scenario) []Story {
	var names []string
	if o.name != "" {
		names = append(names, o.name)
	}
	own := s.Leading(o.step, names...)
	timed := slices.Clone(own)
	for i, step := range s.Steps[:o.step] {
		if step.Advance != "" {
			timed = append(timed, i)
		}
	}
	slices.Sort(timed)
	return []Story{{o.scenario, own}, {o.scenario, timed}, {o.scenario, s.Before(o.step)}}
}

// Each event of the scenarios happens in a sandbox, for each agency that receives it there. With -update the shortest
// ways are found again.
func TestLongStories(t *testing.T) {
	all := testkit.Must(scenes())
	if *update {
		findStories(t, all)
	}
	known := testkit.Must(LoadStories())
	tellers := map[string]*teller{}
	for event, by := range known {
		for agency := range by {
			if tellers[agency] == nil {
				tellers[agency] = tellerOf(t, agency)
			}
			if _, err := tellers[agency].tell(t.Context(), event); err != nil {
				t.Errorf("%s at %s: %v", event, agency, err)
			}
		}
	}
}

func findStories(t *testing.T, all map[string]scenario.Scenario) {
	t.Helper()
	type key struct{ event, agency string }
	candidates := map[key][]Story{}
	for _, one := range occurrences(t, all) {
		at := key{one.event, one.agency}
		candidates[at] = append(candidates[at], one.ways(all[one.scenario])...)
	}
	found, tellers := Stories{}, map[string]*teller{}
	for _, at := range slices.SortedFunc(maps.Keys(candidates), func(a, b key) int { return cmp.Or(cmp.Compare(a.event, b.event), cmp.Compare(a.agency, b.agency)) }) {
		if tellers[at.agency] == nil {
			tellers[at.agency] = tellerOf(t, at.agency)
		}
		if story, is := shortest(t.Context(), tellers[at.agency], at.event, candidates[at]); is {
			if found[at.event] == nil {
				found[at.event] = map[string]Story{}
			}
			found[at.event][at.agency] = story
		} else {
			t.Logf("no story of %s at %s works", at.event, at.agency)
		}
	}
	stories = testkit.Must(json.MarshalIndent(found, "", " "))
	if err := os.WriteFile("stories.json", append(stories, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shortest is the shortest of the ways that works. Those that move the clock come last, since it never goes back.
func shortest(ctx context.Context, teller *teller, event string, ways []Story) (Story, bool) {
	moves := func(one Story) int {
		count := 0
		for _, i := range one.Steps {
			if teller.scenes[one.Scenario].Steps[i].Advance != "" {
				count++
			}
		}
		return count
	}
	slices.SortStableFunc(ways, func(a, b Story) int {
		return cmp.Or(cmp.Compare(moves(a), moves(b)), cmp.Compare(len(a.Steps), len(b.Steps)))
	})
	seen := map[string]bool{}
	for _, one := range ways {
		name := fmt.Sprint(one)
		if seen[name] {
			continue
		}
		seen[name] = true
		if len(seen) > 12 {
			break
		}
		if _, err := teller.play(ctx, event, one); err == nil {
			return one, true
		}
	}
	return Story{}, false
}

// tellerOf is the teller of a new sandbox for an agency.
func tellerOf(t *testing.T, agency string) *teller {
	t.Helper()
	return start(t, Config{Agency: agency, Delay: time.Hour}).teller
}
