package codelist

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"koppi.internal/pkg/idcode"
)

// KeyForm is the form of the contract for the keys of a list.
const KeyForm = `^[a-z0-9][a-z0-9-]{0,62}$`

// longestName is the longest name of a code, in characters: it stands beside a box to choose.
const longestName = 100

var keyForm = regexp.MustCompile(KeyForm)

// fileCode is the form of a code in the file: an object of lists by name.
type fileCode struct {
	Key   string            `json:"key"`
	Names map[string]string `json:"names"`
}

// Parse parses a file of lists. A list that the file leaves out is the built-in one, so that a file from
// before a list came stays valid. Parse refuses anything unknown, duplicate or incomplete, and names the
// place, such as `papers[3] (payslip): names: …`.
func Parse(text []byte) (*Table, error) {
	table, err := parse(text)
	if err != nil {
		return nil, err
	}
	builtIn, err := parse(BuiltIn)
	if err != nil {
		return nil, fmt.Errorf("the built-in lists: %w", err)
	}
	for _, name := range names {
		if _, found := table.lists[name]; !found {
			table.lists[name] = builtIn.lists[name]
		}
	}
	return table, nil
}

func parse(text []byte) (*Table, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("codes: the file is empty")
	}
	var read map[string][]fileCode
	if err := json.Unmarshal(text, &read, json.RejectUnknownMembers(true)); err != nil {
		return nil, placed(text, err)
	}
	if read == nil {
		return nil, errors.New("codes: must be an object of lists")
	}
	table := &Table{lists: map[string][]Code{}}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s: unknown list", shown(name))
		}
		if len(read[name]) == 0 {
			return nil, fmt.Errorf("%s: no codes", name)
		}
		for i, code := range read[name] {
			if err := code.check(read[name][:i]); err != nil {
				return nil, fmt.Errorf("%s: %w", placeOf(name, i, code.Key), err)
			}
			table.lists[name] = append(table.lists[name], Code(code))
		}
	}
	return table, nil
}

// check refuses a code that is incomplete, or whose key is among those before it.
func (c fileCode) check(before []fileCode) error {
	if !keyForm.MatchString(c.Key) {
		return errors.New("key: must consist of 1 to 63 lower-case letters, digits and hyphens, without a hyphen at the start")
	}
	if idcode.In(c.Key) {
		return errors.New("key: contains what looks like an identity code")
	}
	if i := slices.IndexFunc(before, func(other fileCode) bool { return other.Key == c.Key }); i >= 0 {
		return fmt.Errorf("key: is listed twice, first at [%d]", i)
	}
	for _, language := range languages {
		if err := checkName(c.Names[language]); err != nil {
			return fmt.Errorf("names: the name in %q %w", language, err)
		}
	}
	for language := range c.Names {
		if !slices.Contains(languages, language) {
			return fmt.Errorf("names: unknown language %s", shown(language))
		}
	}
	return nil
}

// checkName requires a name of one line. Everybody sees it, so it holds no identity code.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("is missing")
	case name != strings.TrimSpace(name) || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("must be one line, without blanks around it")
	case utf8.RuneCountInString(name) > longestName:
		return fmt.Errorf("has more than %d characters", longestName)
	case idcode.In(name):
		return errors.New("contains what looks like an identity code")
	}
	return nil
}

// placed returns an error of the JSON library with its place, and without a value of the file.
func placed(text []byte, err error) error {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("codes: the file is truncated")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("%s: is listed twice", place(syntax.JSONPointer))
	case errors.As(err, &syntax):
		at := min(int(syntax.ByteOffset), len(text))
		return fmt.Errorf("codes: line %d is not valid JSON", 1+bytes.Count(text[:at], []byte("\n")))
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &meaning):
		return fmt.Errorf("%s: unknown key", place(meaning.JSONPointer))
	case errors.As(err, &meaning):
		return fmt.Errorf("%s: must be another kind of value", place(meaning.JSONPointer))
	}
	return errors.New("codes: the file is not valid JSON")
}

// place returns the place that a JSON pointer names, such as `papers[3].names`.
func place(pointer jsontext.Pointer) string {
	var path strings.Builder
	for token := range pointer.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteString(".")
		}
		path.WriteString(shown(token))
	}
	if path.Len() == 0 {
		return "codes"
	}
	return path.String()
}

// placeOf returns the place of a code. A key that has not the form of one is left out.
func placeOf(list string, i int, key string) string {
	if !keyForm.MatchString(key) || idcode.In(key) {
		return fmt.Sprintf("%s[%d]", list, i)
	}
	return fmt.Sprintf("%s[%d] (%s)", list, i, key)
}

// nameForm is the form of all names in the file: of lists, keys and languages.
var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,30}$`)

// shown returns a name as a refusal may repeat it: what has no form of a name may be what does not belong in a log.
func shown(name string) string {
	if !nameForm.MatchString(name) || idcode.In(name) {
		return "a name that is no key"
	}
	return name
}
