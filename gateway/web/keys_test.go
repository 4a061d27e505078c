package web_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// has tells whether one of these pages has a text by a key; a key such as "ground:missing" names its
// page. Only a call that counts is answered by the forms of a number.
func has(all map[string]texts, pages []string, key string, counted bool) bool {
	if page, within, other := strings.Cut(key, ":"); other {
		pages, key = []string{page}, within
	}
	return slices.ContainsFunc(pages, func(page string) bool {
		said := all[page]["fi"]
		return said[key] != "" || counted && plural(said, key+"_other") != ""
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

var (
	// field is where a form's field, or a step, names a text of its page.
	field = regexp.MustCompile(`\b(?:label|hint|sure|search|missing|malformed|heading|after): "([^"]+)"`)
	// distant is where a distance names the text that is asked for with its count.
	distant = regexp.MustCompile(`\bkey: "([^"]+)", count:`)
	// opened is a hole of a template, and keyed a template that can be nothing but a key.
	opened = regexp.MustCompile(`\$\{([^}]*)\}`)
	keyed  = regexp.MustCompile(`^\w*_\w*$`)
)

// filled are the keys that a template makes of the words in its holes: "read_data" of
// "read_${known ?? "data"}".
func filled(template string) (made []string) {
	for _, hole := range opened.FindAllStringSubmatchIndex(template, -1) {
		within := compared.ReplaceAllString(template[hole[2]:hole[3]], "")
		for _, word := range literal.FindAllStringSubmatch(within, -1) {
			if word[1] != "" {
				made = append(made, template[:hole[0]]+word[1]+template[hole[1]:])
			}
		}
	}
	return made
}

// Every key that the code names has its text, in the page that it is asked of.
func TestNoTextIsMissing(t *testing.T) {
	all, code := allTexts(t), sources(t)
	pages, found := pagesOf(code), 0
	for _, one := range code {
		names := maps.Clone(one.bound)
		near := append(slices.Clone(pages[one.dir]), "form")
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
					if found++; !has(all, pages, key, call.counted) {
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
		for _, of := range template.FindAllStringSubmatch(one.text, -1) {
			if !keyed.MatchString(opened.ReplaceAllString(of[1], "")) {
				continue
			}
			for _, made := range filled(of[1]) {
				if found++; !fits(all, near, pattern(made)) {
					t.Errorf("%s: `%s`: no text for %s in %v", one.path, of[1], made, near)
				}
			}
		}
		for _, named := range distant.FindAllStringSubmatch(one.text, -1) {
			if found++; !has(all, near, named[1], true) {
				t.Errorf("%s: %q: no text in %v", one.path, named[1], near)
			}
		}
		if !strings.Contains(one.text, "form/fields") {
			continue
		}
		for _, named := range field.FindAllStringSubmatch(one.text, -1) {
			if found++; !has(all, near, named[1], false) {
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
			made := regexp.MustCompile(`\b(\w+)\(` + "`" + `([\w-]*)\$\{` + use[2] + `\}([\w-]*)` + "`" + `(, \{ count\b)?`)
			for _, call := range made.FindAllStringSubmatch(one.text[at[1]:end], -1) {
				pages, here := one.bound[call[1]]
				if !here {
					continue
				}
				for _, item := range lists[use[1]] {
					if found++; !has(all, pages, call[2]+item+call[3], call[4] != "") {
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

// The client reads in words what was done with its data: each method has the key of one of these
// lists, and each item of a list its text.
func TestAccessesHaveTexts(t *testing.T) {
	said, found := allTexts(t)["own"]["fi"], 0
	for _, one := range sources(t) {
		if one.path != "src/pages/own/did.ts" {
			continue
		}
		for _, list := range listed.FindAllStringSubmatch(one.text, -1) {
			begins := map[string]string{"did": "did_", "readings": "read_"}[list[1]]
			for _, item := range literal.FindAllStringSubmatch(list[2], -1) {
				if found++; begins != "" && said[begins+item[1]] == "" {
					t.Errorf("%s: no text %q", one.path, begins+item[1])
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d accesses were found", found)
	}
}

// No text stands unused: its key is named, or made, in a folder that uses its page's texts.
func TestNoTextIsUnused(t *testing.T) {
	all, code := allTexts(t), sources(t)
	pages := pagesOf(code)
	for page, texts := range all {
		if page == "words" || page == "refusals" {
			continue // named by the contract, and tested against it
		}
		named, made := map[string]bool{}, []*regexp.Regexp{}
		for _, one := range code {
			told := page == "matter" && steps.MatchString(one.text)
			if !slices.Contains(pages[one.dir], page) && !strings.HasPrefix(one.dir, "src/ui") && !told && !strings.Contains(one.text, `"`+page+":") {
				continue
			}
			for _, found := range literal.FindAllStringSubmatch(one.text, -1) {
				named[strings.TrimPrefix(found[1], page+":")] = true
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
			if of := plural(texts["fi"], key); of != "" && !named[key] {
				base = of
			}
			// Names of the contract come with what is read.
			if !named[base] && !enumValue(key) && !slices.ContainsFunc(made, func(of *regexp.Regexp) bool { return of.MatchString(base) }) {
				t.Errorf("%s: nobody asks for %q", page, key)
			}
		}
	}
}
