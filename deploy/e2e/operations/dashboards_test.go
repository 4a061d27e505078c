package operations

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	synthetic "koppi.internal/deploy/load"
	"koppi.internal/deploy/observe"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
)

// Every query of every dashboard returns data from a real Prometheus, which scrapes four services
// and a gateway under the load of the synthetic country.
func TestLongDashboardsHaveData(t *testing.T) {
	env := clustertest.NewEnvironment(t, "fsync=off")
	env.Observed = true
	if err := os.WriteFile(env.Directory, testkit.Must(synthetic.Directory()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := env.Start(t, 1, nil)
	p := prometheusOf(t, c)
	settings := countryAt("http://" + c.Gateways[0].Address)
	settings.Streams, settings.Rate = 20, 20
	report, err := synthetic.Run(t.Context(), settings)
	if err != nil || !report.Losses.None() {
		t.Fatalf("%v %+v", err, report)
	}
	p.insist(`min(count_over_time(up{job="koppi"}[5m])) >= 3 and sum(up{job="koppi"}) == 5`)
	queries := 0
	for _, path := range testkit.Must(fs.Glob(observe.Dashboards, "grafana/dashboards/*.json")) {
		var dashboard observe.Dashboard
		if err := json.Unmarshal(testkit.Must(observe.Dashboards.ReadFile(path)), &dashboard); err != nil {
			t.Fatal(err)
		}
		for _, panel := range dashboard.Panels {
			for _, target := range panel.Targets {
				queries++
				if answer := p.ask(target.Expr); len(answer) == 0 {
					t.Errorf("%s: nothing is told by %s", panel.Title, target.Expr)
				}
			}
		}
	}
	if queries < 20 {
		t.Errorf("only %d queries", queries)
	}
}

// prometheusOf starts one that scrapes all processes of a cluster and evaluates the alarms.
func prometheusOf(t *testing.T, c *clustertest.Cluster) prometheus {
	t.Helper()
	var targets []string
	for _, url := range c.Metrics {
		targets = append(targets, strings.TrimSuffix(testkit.TrimScheme(url), "/metrics"))
	}
	return newPrometheus(t, targets)
}

// prometheus is a real one of a test's own.
type prometheus struct {
	t       *testing.T
	address string
}

func newPrometheus(t *testing.T, targets []string) prometheus {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("Prometheus is missing: apt-get install prometheus")
	}
	folder, address := t.TempDir(), testkit.FreeAddress(t)
	config := fmt.Sprintf("global: {scrape_interval: 500ms, evaluation_interval: 500ms}\nrule_files: [%s]\nscrape_configs:\n  - job_name: koppi\n    static_configs:\n      - targets: [%s]\n",
		testkit.Path("deploy/observe/alerts.yaml"), strings.Join(targets, ", "))
	path := filepath.Join(folder, "prometheus.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "--config.file", path, "--storage.tsdb.path", filepath.Join(folder, "data"), "--web.listen-address", address)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return prometheus{t, "http://" + address}
}

// get is the data of an answer; empty while there is none.
func (p prometheus) get(path string) []json.RawMessage {
	response, err := http.Get(p.address + path)
	if err != nil {
		return nil
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	var answer struct {
		Error string
		Data  json.RawMessage
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		p.t.Errorf("%s: %s", path, answer.Error)
	}
	var list []json.RawMessage
	var vector struct{ Result []json.RawMessage }
	if json.Unmarshal(answer.Data, &list) != nil && json.Unmarshal(answer.Data, &vector) == nil {
		list = vector.Result
	}
	return list
}

func (p prometheus) ask(query string) []json.RawMessage {
	return p.get("/api/v1/query?query=" + url.QueryEscape(query))
}

// insist waits until a query has an answer.
func (p prometheus) insist(query string) {
	p.t.Helper()
	for until := time.Now().Add(time.Minute); len(p.ask(query)) == 0; <-time.After(200 * time.Millisecond) {
		if time.Now().After(until) {
			p.t.Fatalf("Prometheus never says %s", query)
		}
	}
}
