package web_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// source is a file of the pages' code, without its comments.
type source struct {
	path, dir, text string
	// bound are the pages whose texts a name gives here.
	bound map[string][]string
}

var (
	comment  = regexp.MustCompile(`(?m)^\s*//.*$|\s//\s.*$|\{/\*[\s\S]*?\*/\}`)
	binding  = regexp.MustCompile(`(\w+) = useTexts\("(\w+)"\)|\{ (\w+)[^}]*\} = useTranslation\("(\w+)"\)|(\w+) = useWords\(()\)`)
	reaching = regexp.MustCompile(`(?:useTexts|addTexts|useTranslation)\("(\w+)"|texts(?:=|: ?)"(\w+)"`)
)

func sources(t *testing.T) (all []source) {
	t.Helper()
	err := filepath.WalkDir("src", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".ts") && !strings.HasSuffix(path, ".tsx") || strings.Contains(path, ".test.") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		one := source{path: path, dir: filepath.Dir(path), text: comment.ReplaceAllString(string(content), ""), bound: map[string][]string{}}
		for _, found := range binding.FindAllStringSubmatch(one.text, -1) {
			name, page := found[1]+found[3]+found[5], found[2]+found[4]
			if page == "" {
				page = "words"
			}
			one.bound[name] = append(one.bound[name], page)
		}
		all = append(all, one)
		return nil
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("only %d sources: %v", len(all), err)
	}
	return all
}

// pagesOf are, by folder, the pages whose texts its files use.
func pagesOf(all []source) map[string][]string {
	pages := map[string][]string{}
	for _, one := range all {
		for _, found := range reaching.FindAllStringSubmatch(one.text, -1) {
			if page := found[1] + found[2]; !slices.Contains(pages[one.dir], page) {
				pages[one.dir] = append(pages[one.dir], page)
			}
		}
	}
	return pages
}

var (
	literal  = regexp.MustCompile(`"([^"\\\n]*)"`)
	template = regexp.MustCompile("`([^`\\n]*)`")
	hole     = regexp.MustCompile(`\\\$\\\{[^}]*\\\}`)
	// compared is what a value is held against, or looked up by, and not a key.
	compared = regexp.MustCompile(`[=!]==? "[^"\n]*"|"[^"\n]*" [=!]==?|\["[^"\n]*"\]|\(\w+, "[^"\n]*"\)|\("[^"\n]*"\)`)
)

// pattern is which keys a template makes.
func pattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + hole.ReplaceAllString(regexp.QuoteMeta(template), `[\w-]+`) + "$")
}

// keys are what a call names: a key, several to choose of, or a pattern of them.
type keys struct {
	literals  []string
	templates []string
	// counted tells whether the call says how many there are, and so asks for the form of a number.
	counted bool
}

// counting is how a call says how many there are.
var counting = regexp.MustCompile(`[{,]\s*count\b`)

// calls are the calls of a function, with their first arguments.
func (s source) calls(name string) (all []keys) {
	for _, at := range regexp.MustCompile(`(^|[^\w.])`+name+`\(`).FindAllStringIndex(s.text, -1) {
		first := argument(s.text[at[1]:], true)
		one := keys{counted: counting.MatchString(strings.TrimPrefix(argument(s.text[at[1]:], false), first))}
		for _, found := range template.FindAllStringSubmatch(first, -1) {
			one.templates = append(one.templates, found[1])
		}
		first = template.ReplaceAllString(first, "")
		for _, found := range literal.FindAllStringSubmatch(compared.ReplaceAllString(first, ""), -1) {
			if found[1] != "" {
				one.literals = append(one.literals, found[1])
			}
		}
		all = append(all, one)
	}
	return all
}

// argument is the first one, up to its comma, or all of them, up to the end of the call.
func argument(text string, first bool) string {
	depth, quote := 0, rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '`':
			quote = r
		case r == '(' || r == '[' || r == '{':
			depth++
		case (r == ')' || r == ',' && first) && depth == 0:
			return text[:i]
		case r == ')' || r == ']' || r == '}':
			depth--
		}
	}
	return text
}
