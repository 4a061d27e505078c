package web_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// has tells whether one of these pages has a text by a key, in some number.
func has(all map[string]texts, pages []string, key string) bool {
	return slices.ContainsFunc(pages, func(page string) bool {
		said := all[page]["fi"]
		return said[key] != "" || said[key+"_other"] != ""
	})
}

// fits tells whether one of these pages has a text by a key of a pattern.
func fits(all map[string]texts, pages []string, of *regexp.Regexp) bool {
	return slices.ContainsFunc(pages, func(page string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(all[page]["fi"])), of.MatchString)
	})
}

// steps are drawn by the matter's page, with its texts, wherever they are told.
var steps = regexp.MustCompile(`matter/actions"|\bSteps<`)

// field is where a form's field, or a step, names a text of its page.
var field = regexp.MustCompile(`\b(?:label|hint|sure): "([^"]+)"`)

// Every key that the code names has its text, in the page that it is asked of.
func TestNoTextIsMissing(t *testing.T) {
	all, code := allTexts(t), sources(t)
	found := 0
	for _, one := range code {
		names := maps.Clone(one.bound)
		near := append(pagesOf(code, one.dir), "form")
		if steps.MatchString(one.text) {
			near = append(near, "matter")
		}
		for _, given := range []string{"t", "own"} {
			// A function is given its texts by another of the same folder.
			if _, here := names[given]; !here {
				names[given] = near
			}
		}
		for name, pages := range names {
			for _, call := range one.calls(name) {
				for _, key := range call.literals {
					if found++; !has(all, pages, key) {
						t.Errorf("%s: %s(%q): no text in %v", one.path, name, key, pages)
					}
				}
				for _, of := range call.templates {
					if found++; !fits(all, pages, pattern(of)) {
						t.Errorf("%s: %s(`%s`): no text in %v", one.path, name, of, pages)
					}
				}
			}
		}
		if !strings.Contains(one.text, "form/fields") {
			continue
		}
		for _, named := range field.FindAllStringSubmatch(one.text, -1) {
			if found++; !has(all, near, named[1]) {
				t.Errorf("%s: %q: no text in %v", one.path, named[1], near)
			}
		}
	}
	t.Logf("%d uses of texts", found)
	if found < 50 {
		t.Errorf("only %d uses of texts were found", found)
	}
}

// listed is a closed list, and the name of each of its items where texts are asked for by a
// key that is made of it.
var (
	listed = regexp.MustCompile(`const (\w+)(?:: [^=]+)? = \[([\s\S]*?)\](?: as const)?;`)
	mapped = regexp.MustCompile(`\b(\w+)(?:\.filter\([^=]*=>[^)]*\))?\.(?:map|flatMap|forEach)\(\(\[?(\w+)`)
	first  = regexp.MustCompile(`\[\s*("[^"]*")[^\]]*`)
)

// Where a key is made of an item of a closed list, each item of it has its text.
func TestMadeKeysAreComplete(t *testing.T) {
	all, code := allTexts(t), sources(t)
	found := 0
	for _, one := range code {
		lists := map[string][]string{}
		for _, list := range listed.FindAllStringSubmatch(one.text, -1) {
			items := list[2]
			if strings.HasPrefix(strings.TrimSpace(items), "[") {
				// Of tuples the first names the item.
				items = strings.Join(first.FindAllString(items, -1), ",")
				items = regexp.MustCompile(`,[^[]*`).ReplaceAllString(items, ",")
			}
			for _, item := range literal.FindAllStringSubmatch(items, -1) {
				lists[list[1]] = append(lists[list[1]], item[1])
			}
		}
		uses := mapped.FindAllStringSubmatchIndex(one.text, -1)
		for i, at := range uses {
			use := []string{"", one.text[at[2]:at[3]], one.text[at[4]:at[5]]}
			// The name is the item's until another list is gone through, and not for long.
			end := min(len(one.text), at[1]+600)
			if i+1 < len(uses) {
				end = min(end, uses[i+1][0])
			}
			made := regexp.MustCompile(`\b(\w+)\(` + "`" + `([\w-]*)\$\{` + use[2] + `\}([\w-]*)` + "`")
			for _, call := range made.FindAllStringSubmatch(one.text[at[1]:end], -1) {
				pages, here := one.bound[call[1]]
				if !here {
					continue
				}
				for _, item := range lists[use[1]] {
					if found++; !has(all, pages, call[2]+item+call[3]) {
						t.Errorf("%s: no text %q in %v", one.path, call[2]+item+call[3], pages)
					}
				}
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d made keys were found", found)
	}
}

// No text stands unused: its key is named, or made, in a folder that uses its page's texts.
func TestNoTextIsUnused(t *testing.T) {
	all, code := allTexts(t), sources(t)
	for page, texts := range all {
		if page == "words" || page == "refusals" {
			continue // named by the contract, and tested against it
		}
		named, made := map[string]bool{}, []*regexp.Regexp{}
		for _, one := range code {
			told := page == "matter" && steps.MatchString(one.text)
			if !slices.Contains(pagesOf(code, one.dir), page) && !strings.HasPrefix(one.dir, "src/ui") && !told {
				continue
			}
			for _, found := range literal.FindAllStringSubmatch(one.text, -1) {
				named[found[1]] = true
			}
			for _, found := range template.FindAllStringSubmatch(one.text, -1) {
				// Of an address or a name in storage no key is made.
				if strings.Contains(found[1], "${") && regexp.MustCompile(`[a-zA-Z]+_|_[a-zA-Z]+`).MatchString(found[1]) {
					made = append(made, pattern(found[1]))
				}
			}
		}
		for key := range texts["fi"] {
			base := key
			if of := plural(key); of != "" && !named[key] {
				base = of
			}
			// Names of the contract come with what is read.
			if !named[base] && !enumValue(key) && !slices.ContainsFunc(made, func(of *regexp.Regexp) bool { return of.MatchString(base) }) {
				t.Errorf("%s: nobody asks for %q", page, key)
			}
		}
	}
}
