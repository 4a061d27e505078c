package directory_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/directory"
)

func scenarios(t interface {
	Helper()
	Fatal(args ...any)
},
) *directory.Directory {
	t.Helper()
	d, err := directory.Load("../../deploy/config/directory.json")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A matter addressed to an agency goes to a unit that serves the client's municipality, and if
// possible in the client's language. There is a unit for every municipality, language and service.
func TestRouting(t *testing.T) {
	d := scenarios(t)
	var municipalities, keys []string
	for _, agency := range d.Agencies() {
		for _, unit := range agency.Units {
			municipalities = append(municipalities, unit.Municipalities...)
			keys = append(keys, unit.ServiceKeys...)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		agency := rapid.SampledFrom(d.Agencies()).Draw(t, "agency")
		query := directory.RoutingQuery{
			Municipality: rapid.SampledFrom(append(municipalities, "", "091")).Draw(t, "municipality"),
			ServiceKey:   rapid.SampledFrom(append(keys, "", "")).Draw(t, "service"),
			Language:     rapid.SampledFrom([]string{"", "fi", "sv", "sv-FI", "en", "ar"}).Draw(t, "language"),
		}
		got, known := d.Unit(agency.Key, d.To(agency.Key, query))
		if !known {
			t.Fatalf("%s has no unit for %+v", agency.Key, query)
		}
		serves := func(u directory.Unit) bool {
			// A unit on call gets emergencies alone.
			return u.OnCall == nil && (query.Municipality == "" || u.Serves(query.Municipality)) && (query.ServiceKey == "" || slices.Contains(u.ServiceKeys, query.ServiceKey))
		}
		if !slices.ContainsFunc(agency.Units, serves) {
			if !got.Intake {
				t.Fatalf("no unit serves %+v, and %s is not the intake unit", query, got.Key)
			}
			return
		}
		if !serves(got) {
			t.Fatalf("%s does not serve %+v", got.Key, query)
		}
		speaks := func(u directory.Unit) bool { return serves(u) && u.Speaks(query.Language) }
		if (query.Municipality != "" || query.ServiceKey != "") && slices.ContainsFunc(agency.Units, speaks) && !speaks(got) {
			t.Fatalf("%s does not speak %q, and another unit does", got.Key, query.Language)
		}
	})
	for _, one := range [][4]string{
		{"hva-pohjois-savo", "297", "fi", "palveluohjaus"},
		{"hva-pohjois-savo", "297", "sv", "tyoikaiset-kuopio"},
		{"hva-pohjois-savo", "915", "sv", "palveluohjaus"},
		{"terveys-pohjois-savo", "297", "sv", "terveysasema-kuopio"},
		{"kela", "297", "en", "toimeentulotuki"},
	} {
		if got := d.To(one[0], directory.RoutingQuery{Municipality: one[1], Language: one[2]}); got != one[3] {
			t.Errorf("%v goes to %s", one, got)
		}
	}
}

// A changed file is applied without a restart. An invalid one is logged once and leaves the
// directory as it was.
func TestReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	file, err := directory.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	file.CheckEvery(time.Millisecond)
	lines := make(logged, 16)
	go file.Watch(t.Context(), slog.New(slog.NewTextHandler(lines, nil)))
	write(strings.ReplaceAll(good, `"a"`, `"b"`))
	if line := <-lines; !strings.Contains(line, "was changed") {
		t.Error(line)
	}
	if file.Intake("kela") != "b" {
		t.Error("the changed file is not applied")
	}
	write("{")
	if line := <-lines; !strings.Contains(line, "is invalid") || file.Intake("kela") != "b" {
		t.Error(line)
	}
	write(good)
	if line := <-lines; !strings.Contains(line, "was changed") || file.Intake("kela") != "a" {
		t.Error(line)
	}
}

// logged receives the lines of a log.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(bytes.TrimSpace(line))
	return len(line), nil
}
