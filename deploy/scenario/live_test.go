package scenario_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"koppi.internal/deploy/scenario"
)

const twoMatters = `{"title": "Two matters", "clock": "2026-11-23T09:00:00+02:00",
 "cast": {"kela": {"agency": "kela", "role": "benefit_handler"}, "client": {"role": "client", "personalIdentityCode": "010594Y9032"}},
 "steps": [
  {"as": "kela", "call": "x.v1.X/Begin", "body": {"client": "010594Y9032", "at": "2026-11-23T06:55:00Z", "day": "2026-11-27"}, "save": {"a": "id"}},
  {"as": "kela", "call": "x.v1.X/Begin", "body": {"receiver": {"agency": "kela"}}, "save": {"b": "id"}},
  {"as": "kela", "call": "x.v1.X/Take", "body": {"id": "$a"}},
  {"as": "kela", "call": "x.v1.X/Get", "body": {"id": "$b"}, "expect": {"id": "$b"}},
  {"as": "kela", "call": "x.v1.X/Take", "body": {"id": "$b"}, "code": "not_found"},
  {"mailbox": "kela", "expect": []},
  {"advance": "24h"},
  {"as": "client", "call": "x.v1.X/End", "body": {"id": "things/$b"}}
 ]}`

// Only what concerns the same matter leads to a step.
func TestLeading(t *testing.T) {
	s, err := scenario.Parse([]byte(twoMatters))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		last  int
		names []string
		want  []int
	}{{7, nil, []int{1, 7}}, {7, []string{"a"}, []int{0, 1, 2, 7}}, {6, []string{"a"}, []int{0, 2, 6}}, {2, nil, []int{0, 2}}} {
		if got := s.Leading(one.last, one.names...); !slices.Equal(got, one.want) {
			t.Errorf("step %d with %v: %v, want %v", one.last, one.names, got, one.want)
		}
	}
	if got := s.Before(7); !slices.Equal(got, []int{0, 1, 2, 3, 6, 7}) {
		t.Errorf("before step 7: %v", got)
	}
}

// A live replay has another client and agency, at another time, and expects nothing.
func TestLive(t *testing.T) {
	s, err := scenario.Parse([]byte(twoMatters))
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Live([]int{0, 1, 3}, scenario.Living{
		Now: s.Clock.Add(50 * time.Hour), Client: func(string) string { return "020594Y904A" }, Agencies: map[string]string{"kela": "oma"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if body := string(live.Steps[0].Body); body != `{"client": "020594Y904A", "at": "2026-11-25T08:55:00Z", "day": "2026-11-29"}` {
		t.Error(body)
	}
	if body := string(live.Steps[1].Body); !strings.Contains(body, `"oma"`) {
		t.Error(body)
	}
	if live.Cast["kela"].Agency != "oma" || live.Cast["client"].PersonalIdentityCode != "020594Y904A" || len(live.Steps[2].Expect) > 0 {
		t.Errorf("%+v", live)
	}
	if s.Cast["kela"].Agency != "kela" {
		t.Error("the scenario itself has changed")
	}
}
