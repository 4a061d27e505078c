package ground

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"koppi.internal/pkg/idcode"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// file is the form of the file of grounds.
type file struct {
	AcceptWithoutKey *bool                        `json:"acceptWithoutKey"`
	Attestations     map[string]map[string]string `json:"attestations"`
	Grounds          []fileRow                    `json:"grounds"`
}

type fileRow struct {
	Key         string            `json:"key"`
	Ground      string            `json:"ground"`
	Provision   string            `json:"provision"`
	Senders     []string          `json:"senders"`
	Receivers   []string          `json:"receivers"`
	Messages    []string          `json:"messages"`
	Attest      [][]string        `json:"attest"`
	MaxAge      *int              `json:"maxAge"`
	Content     string            `json:"content"`
	Prohibition string            `json:"prohibition"`
	Due         *fileDue          `json:"due"`
	Duty        bool              `json:"duty"`
	General     bool              `json:"general"`
	From        string            `json:"from"`
	Until       string            `json:"until"`
	Source      string            `json:"source"`
	Reviewed    *fileReview       `json:"reviewed"`
	Doubts      string            `json:"doubts"`
	Names       map[string]string `json:"names"`
	Client      map[string]string `json:"client"`
}

type fileDue struct {
	Receivers         []string `json:"receivers"`
	WorkingDays       int      `json:"workingDays"`
	UrgentWorkingDays int      `json:"urgentWorkingDays"`
	CountsFrom        string   `json:"countsFrom"`
	Provision         string   `json:"provision"`
	UrgentProvision   string   `json:"urgentProvision"`
}

type fileReview struct {
	By string `json:"by"`
	On string `json:"on"`
}

// Parse parses a file of grounds. It refuses anything unknown, duplicate, incomplete or contradictory, and
// names the place, such as "grounds[7] (shl-35-2): attest: …".
func Parse(text []byte) (*Table, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("grounds: the file is empty")
	}
	if err := checkCodes(text); err != nil {
		return nil, err
	}
	var read file
	if err := json.Unmarshal(text, &read, json.RejectUnknownMembers(true)); err != nil {
		return nil, placed(text, err)
	}
	if read.AcceptWithoutKey == nil {
		return nil, errors.New("acceptWithoutKey: must be true or false")
	}
	if err := checkAttestations(read.Attestations); err != nil {
		return nil, err
	}
	if len(read.Grounds) == 0 {
		return nil, errors.New("grounds: no rows")
	}
	table := &Table{acceptWithoutKey: *read.AcceptWithoutKey, attestations: read.Attestations}
	for i, entry := range read.Grounds {
		row, err := entry.check()
		if err == nil {
			err = table.checkPeriods(row)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", placeOf(i, entry.Key), err)
		}
		table.rows = append(table.rows, row)
	}
	if err := table.checkWithoutKey(); err != nil {
		return nil, err
	}
	return table, nil
}

// checkPeriods refuses a row that is in force together with an earlier one of the same key, or with another
// general one.
func (t *Table) checkPeriods(row Row) error {
	for i, other := range t.rows {
		if other.Until != "" && other.Until <= row.From || row.Until != "" && row.Until <= other.From {
			continue
		}
		if other.Key == row.Key {
			return fmt.Errorf("from: the period overlaps that of %s", placeOf(i, other.Key))
		}
		if other.General && row.General {
			return fmt.Errorf("general: %s is general in the same period", placeOf(i, other.Key))
		}
	}
	return nil
}

// Keys of the rows that hold for requests without a key: see Table.WithoutKey.
const (
	generalConsent = "consent"
	anonymous      = "anonymous"
)

// checkWithoutKey refuses a table in which requests without a key are accepted and the rows that hold for
// them are missing or are something else.
func (t *Table) checkWithoutKey() error {
	if !t.acceptWithoutKey {
		return nil
	}
	for key, ground := range map[string]commonv1.LegalGround{
		generalConsent: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, anonymous: commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA,
	} {
		found := false
		for i, row := range t.rows {
			if row.Key == key && row.Ground != ground {
				return fmt.Errorf("%s: ground: must be %s, since it holds for requests without a key", placeOf(i, key), Name(ground))
			}
			found = found || row.Key == key
		}
		if !found {
			return fmt.Errorf("acceptWithoutKey: needs a row %q", key)
		}
	}
	return nil
}

// checkAttestations requires the texts of every attestation, and of no others.
func checkAttestations(texts map[string]map[string]string) error {
	for _, name := range Attestations() {
		if err := checkTexts(texts[name]); err != nil {
			return fmt.Errorf("attestations.%s: %w", name, err)
		}
	}
	for name := range texts {
		if !slices.Contains(Attestations(), name) {
			return fmt.Errorf("attestations.%s: unknown attestation", name)
		}
	}
	return nil
}

// checkCodes refuses identity codes anywhere, because everybody can see the grounds.
func checkCodes(text []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			// What follows a mistake is not read: Parse refuses the mistake, and repeats nothing of it.
			return nil //nolint:nilerr // see above
		}
		if token.Kind() == '"' && idcode.In(token.String()) {
			pointer := decoder.StackPointer()
			if idcode.In(pointer.LastToken()) {
				pointer = pointer.Parent()
			}
			return fmt.Errorf("%s: contains what looks like an identity code", place(text, pointer))
		}
	}
}

// placed returns an error of the JSON library with its place, and without a value of the file.
func placed(text []byte, err error) error {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("grounds: the file is truncated")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return fmt.Errorf("%s: is listed twice", place(text, syntax.JSONPointer))
	case errors.As(err, &syntax):
		at := min(int(syntax.ByteOffset), len(text))
		return fmt.Errorf("grounds: line %d is not valid JSON", 1+bytes.Count(text[:at], []byte("\n")))
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &meaning):
		return fmt.Errorf("%s: unknown column", place(text, meaning.JSONPointer))
	case errors.As(err, &meaning):
		return fmt.Errorf("%s: must be another kind of value than this %s", place(text, meaning.JSONPointer), meaning.JSONKind)
	}
	return errors.New("grounds: the file is not valid JSON")
}

// place returns the place that a JSON pointer names, such as "grounds[7] (shl-35-2): attest[0]".
func place(text []byte, pointer jsontext.Pointer) string {
	tokens := slices.Collect(pointer.Tokens())
	start := ""
	if len(tokens) > 1 && tokens[0] == "grounds" {
		if i, err := strconv.Atoi(tokens[1]); err == nil {
			start, tokens = placeOf(i, keyIn(text, i)), tokens[2:]
		}
	}
	var path strings.Builder
	for _, token := range tokens {
		if _, err := strconv.Atoi(token); err == nil {
			path.WriteString("[" + token + "]")
			continue
		}
		if path.Len() > 0 {
			path.WriteString(".")
		}
		path.WriteString(token)
	}
	switch {
	case start == "" && path.Len() == 0:
		return "grounds"
	case start == "" || path.Len() == 0:
		return start + path.String()
	}
	return start + ": " + path.String()
}

// placeOf returns the place of a row. A key that has not the form of one is left out.
func placeOf(i int, key string) string {
	if !keyForm.MatchString(key) || idcode.In(key) {
		return fmt.Sprintf("grounds[%d]", i)
	}
	return fmt.Sprintf("grounds[%d] (%s)", i, key)
}

// keyIn returns the key of a row of a file that is not valid; empty if it cannot be read.
func keyIn(text []byte, i int) string {
	var read struct {
		Grounds []struct {
			Key any `json:"key"`
		} `json:"grounds"`
	}
	err := json.Unmarshal(text, &read, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil || i >= len(read.Grounds) {
		return ""
	}
	key, _ := read.Grounds[i].Key.(string)
	return key
}
