package web_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// written are the ways in which a text for people stands in the code of a page: between
// tags, as a string between them, and in an attribute that is shown or read out.
var written = []*regexp.Regexp{
	regexp.MustCompile(`<[A-Za-z][\w.]*(?:\s[^<>]*)?>([^<>{}=;|]*\pL[^<>{}=;|]*)<[A-Za-z/]`),
	regexp.MustCompile(`[>}]([^<>{}]*\pL[^<>{}]*)</`),
	regexp.MustCompile(`>\{"([^"]*\pL[^"]*)"\}`),
	regexp.MustCompile(`\s(?:aria-label|aria-description|aria-roledescription|title|alt|placeholder|labelText|hintText|optionalText|statusText|visualPlaceholder|headingText|searchButtonLabel|clearButtonLabel|groupHintText|groupStatusText)="([^"]*\pL[^"]*)"`),
}

// alike are in all languages the same: a name, and units.
var alike = regexp.MustCompile(`^(Koppi|kB|MB|CSV|PDF|n =)$`)

func texting(code string) (found []string) {
	for _, way := range written {
		for _, one := range way.FindAllStringSubmatch(code, -1) {
			// A condition between two elements begins as no text does.
			if text := strings.TrimSpace(one[1]); !alike.MatchString(text) && !strings.ContainsAny(text[:1], ":?)&,=") {
				found = append(found, text)
			}
		}
	}
	return found
}

// No text that a person reads stands in the code.
func TestNoTextInCode(t *testing.T) {
	for _, one := range sources(t) {
		if !strings.HasSuffix(one.path, ".tsx") {
			continue
		}
		for _, text := range texting(one.text) {
			t.Errorf("%s: %q belongs into src/texts", one.path, text)
		}
	}
	for code, want := range map[string]bool{
		`<p>Hei</p>`: true, `<p>{name} sanoo</p>`: true, `<b>Hei <i>{name}</i></b>`: true, `<p>{"Hei"}</p>`: true, `<input aria-label="Haku" />`: true, `<a href="/x">Koppi</a>`: false,
		`<p>{t("hei")}</p>`: false, `const a = useRef<Props>(null), b = c as Record<string, A>;`: false, `<span aria-hidden="true">▲</span>`: false, `(a) => <Row key={a} />`: false,
	} {
		if got := len(texting(code)) > 0; got != want {
			t.Errorf("%s: found %v", code, got)
		}
	}
}

// widest is how many columns a line has at most.
const widest = 140

var importing = regexp.MustCompile(`(?:from|import)\s*\(?\s*"(\.[^"]+)"`)

// sourceFiles are the files that people write, by path: the pages, their tests and settings, and the
// partner's example.
func sourceFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	read := func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".ts", ".tsx", ".css"}, filepath.Ext(path)) {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}
	roots, err := filepath.Glob("*.config.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range append(roots, "src", "tests", "../kits/node/src") {
		if err := filepath.WalkDir(root, read); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 200 {
		t.Errorf("only %d files were found", len(files))
	}
	return files
}

// No line is wider than a screen.
func TestLinesAreShort(t *testing.T) {
	for path, text := range sourceFiles(t) {
		for number, line := range strings.Split(text, "\n") {
			if columns := utf8.RuneCountInString(line); columns > widest {
				t.Errorf("%s:%d has %d columns, more than %d", path, number+1, columns, widest)
			}
		}
	}
}

// importsOf are the files of ours that each file imports, types included.
func importsOf(files map[string]string) map[string][]string {
	imports := map[string][]string{}
	for path, text := range files {
		for _, found := range importing.FindAllStringSubmatch(text, -1) {
			base := filepath.Join(filepath.Dir(path), strings.TrimSuffix(found[1], ".js"))
			for _, end := range []string{".ts", ".tsx"} {
				if _, ours := files[base+end]; ours {
					imports[path] = append(imports[path], base+end)
				}
			}
		}
	}
	return imports
}

// circle is a circle of imports; nil if there is none.
func circle(imports map[string][]string) []string {
	done := map[string]bool{}
	var visit func(way []string) []string
	visit = func(way []string) []string {
		last := way[len(way)-1]
		if at := slices.Index(way, last); at < len(way)-1 {
			return way[at:]
		}
		if done[last] {
			return nil
		}
		done[last] = true
		for _, next := range imports[last] {
			if found := visit(append(slices.Clone(way), next)); found != nil {
				return found
			}
		}
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(imports)) {
		if found := visit([]string{path}); found != nil {
			return found
		}
	}
	return nil
}

// No file imports itself by way of others.
func TestImportsHaveNoCircle(t *testing.T) {
	imports := importsOf(sourceFiles(t))
	if len(imports) < 150 {
		t.Errorf("only %d files import others", len(imports))
	}
	if found := circle(imports); found != nil {
		t.Errorf("a circle of imports: %s", strings.Join(found, " imports "))
	}
	if found := circle(map[string][]string{"a": {"b", "d"}, "b": {"c"}, "c": {"d", "b"}}); !slices.Equal(found, []string{"b", "c", "b"}) {
		t.Errorf("of b, c and b: %v", found)
	}
}
