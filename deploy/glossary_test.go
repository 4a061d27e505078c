package deploy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// retiredWord is a word that no exported identifier may contain.
type retiredWord struct {
	// word in the spelling of identifiers, such as "UniqueKeyChange".
	word string
	// use is the word to use instead. stays are identifiers that keep the retired word, because they
	// are on the wire, in storage or between versions.
	use   string
	stays []string
}

// retiredWords reads the last table of the glossary.
func retiredWords(t *testing.T) []retiredWord {
	t.Helper()
	text, err := os.ReadFile("../GLOSSARY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "## Retired words")
	table, _, prose := strings.Cut(table, "## Retired in prose")
	if !found || !prose {
		t.Fatal("GLOSSARY.md has no section on retired words, or none on retired phrases")
	}
	quoted := regexp.MustCompile("`([A-Za-z_]+)`")
	var words []retiredWord
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.TrimSpace(cells[1]) == "retired" || strings.HasPrefix(strings.TrimSpace(cells[1]), "---") {
			continue
		}
		word := retiredWord{word: strings.TrimSpace(cells[1]), use: strings.TrimSpace(cells[2])}
		for _, match := range quoted.FindAllStringSubmatch(cells[3], -1) {
			word.stays = append(word.stays, match[1])
		}
		words = append(words, word)
	}
	return words
}

// segments returns the words of an identifier: Raw, Unique and Keys for "RawUniqueKeys".
func segments(identifier string) []string {
	var all []string
	start, runes := 0, []rune(identifier)
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || unicode.IsUpper(runes[i]) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			all = append(all, string(runes[start:i]))
			start = i
		}
	}
	return all
}

// holds reports whether an identifier contains a word, which may have several segments.
func holds(identifier, word string) bool {
	all, wanted := segments(identifier), segments(word)
	for i := range len(all) - len(wanted) + 1 {
		if slices.Equal(all[i:i+len(wanted)], wanted) {
			return true
		}
	}
	return false
}

// exported lists the exported identifiers that a file declares, fields and methods among them.
func exported(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	add := func(all ...*ast.Ident) {
		for _, name := range all {
			if name.IsExported() {
				names = append(names, name)
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			add(n.Name)
			return false
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.ValueSpec:
			add(n.Names...)
		case *ast.Field:
			add(n.Names...)
		}
		return true
	})
	return names
}

// No exported identifier contains a word that the glossary has retired. Generated code and tests are
// exempt.
func TestGlossary(t *testing.T) {
	words := retiredWords(t)
	if len(words) < 10 {
		t.Fatalf("the glossary retires %d words", len(words))
	}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"gen", "node_modules", ".git", ".tools", ".protodeps", "testdata"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		for _, name := range exported(file) {
			for _, word := range words {
				if holds(name.Name, word.word) && !slices.Contains(word.stays, name.Name) {
					t.Errorf("%s: %s: %q is retired, use %q (GLOSSARY.md)", files.Position(name.Pos()), name.Name, word.word, word.use)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSegments(t *testing.T) {
	for identifier, want := range map[string]string{
		"RawUniqueKeys": "Raw Unique Keys", "HTTPServer": "HTTP Server", "NewID": "New ID", "told": "told", "IDOfTold": "ID Of Told",
	} {
		if got := strings.Join(segments(identifier), " "); got != want {
			t.Errorf("%s is %q, want %q", identifier, got, want)
		}
	}
	if holds("Household", "Hold") || !holds("FirstToldAgency", "FirstTold") {
		t.Error("words are separated wrongly")
	}
}

// retiredPhrases reads the table of what comments and headings no longer say: the phrase, and what they
// say instead.
func retiredPhrases(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../GLOSSARY.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Retired in prose")
	phrases := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 4 && !strings.HasPrefix(strings.TrimSpace(cells[1]), "---") && strings.TrimSpace(cells[1]) != "retired phrase" {
			phrases[strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[2])
		}
	}
	return phrases
}

// found returns the retired phrase that a text contains outside of backticks; empty for none.
func found(text string, phrases *regexp.Regexp) string {
	return strings.ToLower(phrases.FindString(regexp.MustCompile("`[^`]*`").ReplaceAllString(text, "")))
}

// No comment of the code and no heading of a page contains a phrase that the glossary has retired.
func TestGlossaryOfProse(t *testing.T) {
	use := retiredPhrases(t)
	if len(use) < 10 {
		t.Fatalf("the glossary retires %d phrases", len(use))
	}
	var begins []string
	for _, phrase := range slices.Sorted(maps.Keys(use)) {
		begins = append(begins, "["+phrase[:1]+strings.ToUpper(phrase[:1])+"]"+phrase[1:])
	}
	phrases := regexp.MustCompile(`\b(` + strings.Join(begins, "|") + `)\b`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"gen", "node_modules", ".git", ".tools", ".protodeps", "testdata", "dist"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case strings.HasSuffix(path, ".md"):
			return checkHeadings(t, path, phrases, use)
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			return checkComments(t, path, phrases, use)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkHeadings(t *testing.T, path string, phrases *regexp.Regexp, use map[string]string) error {
	text, err := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if phrase := found(line, phrases); phrase != "" && strings.HasPrefix(line, "#") {
			t.Errorf("%s: %s: %q is retired, use %q (GLOSSARY.md)", path, strings.TrimSpace(line), phrase, use[phrase])
		}
	}
	return err
}

func checkComments(t *testing.T, path string, phrases *regexp.Regexp, use map[string]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, group := range file.Comments {
		// A doc comment begins with the declared name, which the table of identifiers judges.
		_, text, _ := strings.Cut(group.Text(), " ")
		if phrase := found(text, phrases); phrase != "" {
			t.Errorf("%s: %q is retired, use %q (GLOSSARY.md)", files.Position(group.Pos()), phrase, use[phrase])
		}
	}
	return nil
}
