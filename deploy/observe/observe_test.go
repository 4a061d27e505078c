package observe

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// alarms is the tested part of a file of rules.
type alarms struct {
	Groups []struct {
		Rules []struct {
			Alert, Expr         string
			Labels, Annotations map[string]string
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func rules() (all alarms) {
	if err := yaml.Unmarshal(must(os.ReadFile("alerts.yaml")), &all); err != nil {
		panic(err)
	}
	return all
}

// Prometheus accepts the rules and its configuration, and each rule fires when it must.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is missing: apt-get install prometheus")
	}
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}, {"check", "config", "prometheus.yaml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %s", args, out)
		}
	}
	tested := string(must(os.ReadFile("alerts_test.yaml")))
	for _, group := range rules().Groups {
		for _, rule := range group.Rules {
			if !strings.Contains(tested, "alertname: "+rule.Alert) {
				t.Errorf("%s is not tested", rule.Alert)
			}
		}
	}
}

// Each alarm has a severity and an entry in the runbook, and each entry has an alarm.
func TestRunbook(t *testing.T) {
	var headings, alerts []string
	for _, line := range strings.Split(string(must(os.ReadFile("runbook.md"))), "\n") {
		if name, found := strings.CutPrefix(line, "## "); found {
			headings = append(headings, name)
		}
	}
	for _, group := range rules().Groups {
		for _, rule := range group.Rules {
			alerts = append(alerts, rule.Alert)
			if severity := rule.Labels["severity"]; severity != "page" && severity != "ticket" {
				t.Errorf("%s: severity %q", rule.Alert, severity)
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["runbook"] != "runbook.md#"+strings.ToLower(rule.Alert) {
				t.Errorf("%s: %v", rule.Alert, rule.Annotations)
			}
		}
	}
	// An alarm may have several consecutive rules.
	alerts = slices.Compact(alerts)
	if !slices.Equal(headings, alerts) {
		t.Errorf("the runbook has %v, and there are %v", headings, alerts)
	}
}

// ours matches Koppi's own metrics in a query.
var ours = regexp.MustCompile(`\bkoppi_[a-z_]+\b`)

// Every metric of Koppi in an alarm or a dashboard exists in the code.
func TestMetricsExist(t *testing.T) {
	made := metricsMade(t)
	check := func(where, query string) {
		for _, name := range ours.FindAllString(query, -1) {
			if !made[name] && !labels[name] {
				t.Errorf("%s: there is no %s", where, name)
			}
		}
	}
	for _, group := range rules().Groups {
		for _, rule := range group.Rules {
			check(rule.Alert, rule.Expr)
		}
	}
	for _, path := range must(fs.Glob(Dashboards, "grafana/dashboards/*.json")) {
		var dashboard Dashboard
		if err := json.Unmarshal(must(Dashboards.ReadFile(path)), &dashboard); err != nil {
			t.Fatal(err)
		}
		for _, panel := range dashboard.Panels {
			for _, target := range panel.Targets {
				check(panel.Title, target.Expr)
			}
		}
	}
}

// labels are the labels of Koppi's metrics, whose names have the same prefix.
var labels = map[string]bool{
	"koppi_service": true, "koppi_phase": true, "koppi_waiting_on": true, "koppi_urgency": true, "koppi_agency": true, "koppi_reader": true, "koppi_reason": true,
	"koppi_ground": true, "koppi_reviewed": true,
}

// metricsMade returns the Prometheus names of all metrics in the code.
func metricsMade(t *testing.T) map[string]bool {
	t.Helper()
	made := map[string]bool{}
	for _, module := range []string{"pkg", "gateway", "services"} {
		err := filepath.WalkDir(filepath.Join("..", "..", module), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "gen") {
				return errSkip(entry, err)
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			ast.Inspect(must(parser.ParseFile(token.NewFileSet(), path, nil, 0)), func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok || len(call.Args) < 3 {
					return true
				}
				function, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if of, ok := function.X.(*ast.Ident); !ok || of.Name != "telemetry" {
					return true
				}
				name, unit := text(call.Args[0]), text(call.Args[1])
				for _, full := range namesOf(function.Sel.Name, name, unit) {
					made[full] = true
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func errSkip(entry fs.DirEntry, err error) error {
	if err == nil && entry.IsDir() {
		return fs.SkipDir
	}
	return err
}

func text(expression ast.Expr) string {
	if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		return must(strconv.Unquote(literal.Value))
	}
	return ""
}

// namesOf returns the Prometheus names of an instrument.
func namesOf(kind, name, unit string) []string {
	full := strings.ReplaceAll(name, ".", "_")
	if unit == "s" {
		full += "_seconds"
	}
	switch kind {
	case "Counter":
		return []string{full + "_total"}
	case "Histogram":
		return []string{full + "_bucket", full + "_sum", full + "_count"}
	case "Gauge", "UpDown":
		return []string{full}
	default:
		return nil
	}
}
