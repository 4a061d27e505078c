package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"koppi.internal/pkg/fault"
)

var languages = []string{"fi", "sv", "en"}

// texts of a page, by language and key.
type texts map[string]map[string]string

// allTexts are the texts of all pages, by page.
func allTexts(t *testing.T) map[string]texts {
	t.Helper()
	files, err := filepath.Glob("src/texts/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("only %d files of texts: %v", len(files), err)
	}
	all := map[string]texts{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := texts{}
		if err := json.Unmarshal(content, &page); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if twice := doubles(string(content)); len(twice) > 0 {
			t.Errorf("%s: two texts for the keys %v: the second alone counts", file, twice)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = page
	}
	return all
}

// doubles are keys that an object has twice, as a merge may leave them.
func doubles(content string) (twice []string) {
	decoder := json.NewDecoder(strings.NewReader(content))
	path, depth := []string{""}, 0
	seen := map[string]bool{}
	for key := true; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return twice
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' {
				depth++
				path = append(path, "")
			} else {
				depth--
				path = path[:len(path)-1]
			}
			key = true
		case string:
			if key {
				path[depth] = token
				if at := strings.Join(path, "/"); seen[at] {
					twice = append(twice, at)
				} else {
					seen[at] = true
				}
			}
			key = !key
		}
	}
}

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// placeholders are what of a page's text is filled in. How many there are may be said in a word.
func placeholders(page map[string]string, key string) string {
	names := map[string]bool{}
	for _, found := range placeholder.FindAllStringSubmatch(page[key], -1) {
		if found[1] != "count" || plural(page, key) == "" {
			names[found[1]] = true
		}
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(names)))
}

// plural is the key that a form of it belongs to; nothing where it is none. A key is a form where
// the page has both numbers of it: alone it is a key of its own, whatever its end, since "other" is
// also a word.
func plural(page map[string]string, key string) string {
	for _, form := range []string{"_zero", "_one", "_other"} {
		if base, is := strings.CutSuffix(key, form); is && page[base+"_one"] != "" && page[base+"_other"] != "" {
			return base
		}
	}
	return ""
}

// Every text is there in all three languages, says something and fills in the same.
func TestTextsAreComplete(t *testing.T) {
	for page, texts := range allTexts(t) {
		if got := slices.Sorted(maps.Keys(texts)); len(got) != len(languages) {
			t.Errorf("%s: languages %v", page, got)
		}
		keys := map[string]bool{}
		for _, language := range languages {
			for key := range texts[language] {
				keys[key] = true
			}
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			for _, language := range languages {
				text, there := texts[language][key]
				if !there {
					t.Errorf("%s: %s has no %q", page, language, key)
					continue
				}
				checkText(t, page, language, key, text)
				if said, finnish := placeholders(texts[language], key), placeholders(texts["fi"], key); said != finnish {
					t.Errorf("%s: %q fills in %s in %s, and %s in fi", page, key, said, language, finnish)
				}
			}
		}
	}
}

func checkText(t *testing.T, page, language, key, text string) {
	t.Helper()
	if !strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsFunc(text, unicode.IsDigit) {
		t.Errorf("%s: %s says nothing by %q", page, language, key)
	}
	if text != strings.TrimSpace(text) {
		t.Errorf("%s: %s has blanks around %q", page, language, key)
	}
	// i18next takes what is before a colon for a page, and a dot for a way down.
	if strings.ContainsAny(key, ":.") {
		t.Errorf("%s: %q is no key", page, key)
	}
	if open := strings.Count(text, "{{"); open != len(placeholder.FindAllString(text, -1)) || open != strings.Count(text, "}}") {
		t.Errorf("%s: %s fills in what has no name by %q", page, language, key)
	}
}

// Every reason of the closed list is said in the reader's own words, and no other is.
func TestRefusalsHaveWords(t *testing.T) {
	said := allTexts(t)["refusals"]["fi"]
	// The page's own, where nothing answered.
	reasons := map[string]bool{"UNREACHABLE": true}
	for _, reason := range fault.Reasons() {
		reasons[string(reason)] = true
	}
	for reason := range reasons {
		if said[reason] == "" {
			t.Errorf("no words for %s", reason)
		}
	}
	for reason := range said {
		if !reasons[reason] {
			t.Errorf("words for %s, which is no reason", reason)
		}
	}
}
