package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
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
)

// Every query of every dashboard returns data from a real Prometheus, which scrapes four services
// and a gateway under the load of the synthetic country.
func TestDashboardsHaveData(t *testing.T) {
	g := newGround(t, "fsync=off")
	g.observed = true
	if err := os.WriteFile(g.directory, must(synthetic.Directory()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := g.cluster(t, 1, nil)
	p := c.prometheus()
	settings := countryAt("http://" + c.gateways[0].address)
	settings.Streams, settings.Rate = 20, 20
	report, err := synthetic.Run(t.Context(), settings)
	if err != nil || !report.Losses.None() {
		t.Fatalf("%v %+v", err, report)
	}
	p.insist(`min(count_over_time(up{job="koppi"}[5m])) >= 3 and sum(up{job="koppi"}) == 5`)
	queries := 0
	for _, path := range must(fs.Glob(observe.Dashboards, "grafana/dashboards/*.json")) {
		var dashboard observe.Dashboard
		if err := json.Unmarshal(must(observe.Dashboards.ReadFile(path)), &dashboard); err != nil {
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

// prometheus reads all processes of a cluster, and goes by the alarms.
func (c *cluster) prometheus() prometheus {
	c.t.Helper()
	var targets []string
	for _, url := range c.metrics {
		targets = append(targets, strings.TrimSuffix(trimScheme(url), "/metrics"))
	}
	return newPrometheus(c.t, targets)
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
	folder, address := t.TempDir(), freeAddress()
	config := fmt.Sprintf("global: {scrape_interval: 500ms, evaluation_interval: 500ms}\nrule_files: [%s]\nscrape_configs:\n  - job_name: koppi\n    static_configs:\n      - targets: [%s]\n",
		must(filepath.Abs("../observe/alerts.yaml")), strings.Join(targets, ", "))
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

// freeAddress is one at which nothing listens.
func freeAddress() string {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
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
