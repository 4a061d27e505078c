package probe

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

func probed(t *testing.T, fault string, runs int) []Result {
	t.Helper()
	server := httptest.NewServer(newEndpoint(t, fault))
	defer server.Close()
	at, err := url.Parse(server.URL + "/koppi/")
	if err != nil {
		t.Fatal(err)
	}
	var results []Result
	for range runs {
		if results, err = Run(t.Context(), Config{URL: at, Secret: secret, Agency: "kela"}); err != nil {
			t.Fatal(err)
		}
	}
	return results
}

func failed(results []Result) (names []string) {
	for _, one := range results {
		if !one.Passed {
			names = append(names, one.Probe)
		}
	}
	return names
}

// An endpoint without faults passes all twelve probes, and again with the inbox of an earlier run.
func TestCorrectEndpointPasses(t *testing.T) {
	results := probed(t, "", 2)
	if len(results) != 12 {
		t.Errorf("there are %d probes", len(results))
	}
	for _, one := range results {
		if !one.Passed || one.Sent == "" || one.Right == "" || one.Came == "" {
			t.Errorf("%+v", one)
		}
	}
}

// Each probe finds the endpoint that does one thing wrong, and no other probe complains of it.
func TestFaultyEndpointFailsItsProbe(t *testing.T) {
	for _, probe := range probes {
		t.Run(strings.ReplaceAll(probe.name, " ", "_"), func(t *testing.T) {
			results := probed(t, probe.name, 1)
			if names := failed(results); !slices.Equal(names, []string{probe.name}) {
				t.Errorf("failed: %v\n%+v", names, results)
			}
		})
	}
}

// Without an answer there is an error, and no table in which everything is wrong.
func TestNoEndpoint(t *testing.T) {
	server := httptest.NewServer(nil)
	at, _ := url.Parse(server.URL)
	server.Close()
	if _, err := Run(t.Context(), Config{URL: at, Secret: secret, Agency: "kela"}); err == nil || !strings.Contains(err.Error(), "no answer from "+server.URL) {
		t.Error(err)
	}
	if _, err := Run(t.Context(), Config{URL: at, Secret: "c2VjcmV0", Agency: "kela"}); err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Error(err)
	}
}

// An answer that Koppi could not read, that contradicts itself or that leads elsewhere passes no probe that wants
// messages taken.
func TestUnreadableAnswers(t *testing.T) {
	for name, wants := range map[string]string{
		"redirects": "HTTP 307", "html": `content type "text/html"`, "nonsense": "no DeliverResponse", "endless": "longer than",
		"too many": "accepted 99", "takes and refuses": "refused UNAVAILABLE", "unknown code": "refused 99",
	} {
		results := probed(t, name, 1)
		at := slices.IndexFunc(results, func(one Result) bool { return one.Probe == "taken" })
		if results[at].Passed || !strings.Contains(results[at].Came, wants) {
			t.Errorf("%s: %+v", name, results[at])
		}
	}
}
