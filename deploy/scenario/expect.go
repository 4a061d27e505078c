package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// at finds a value by its path: names joined by dots, [0] and [-1] for elements, .length for the
// size of a list. It returns nil for a missing value.
func at(value any, path string) any {
	for _, part := range strings.Split(path, ".") {
		if part == "length" {
			list, _ := value.([]any)
			return json.Number(strconv.Itoa(len(list)))
		}
		name, index, indexed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		if event, ok := value.(eventNode); ok {
			value = event.fields
		}
		fields, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = fields[name]
		if indexed {
			value = element(value, index)
		}
	}
	return value
}

func element(value any, index string) any {
	list, ok := value.([]any)
	i, err := strconv.Atoi(index)
	if !ok || err != nil {
		return nil
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// matches compares an answer's value with what a scenario expects.
func matches(want, got any) bool {
	if event, ok := got.(eventNode); ok {
		got = event.name
	}
	switch want {
	case "$absent":
		return got == nil || got == json.Number("0")
	case "$any":
		return got != nil
	}
	if sameInstant(want, got) {
		return true
	}
	return reflect.DeepEqual(want, got)
}

func sameInstant(want, got any) bool {
	wantText, ok := want.(string)
	gotText, ok2 := got.(string)
	if !ok || !ok2 {
		return false
	}
	wantTime, err := time.Parse(time.RFC3339Nano, wantText)
	gotTime, err2 := time.Parse(time.RFC3339Nano, gotText)
	return err == nil && err2 == nil && wantTime.Equal(gotTime)
}

var savedName = regexp.MustCompile(`\$[a-zA-Z][a-zA-Z0-9]*`)

// fill replaces, anywhere within a JSON value, the names of saved values by the values and $uuid by
// a new UUID.
func fill(value any, saved map[string]string, newUUID func() string) (any, error) {
	switch v := value.(type) {
	case string:
		return fillText(v, saved, newUUID)
	case []any:
		for i := range v {
			var err error
			if v[i], err = fill(v[i], saved, newUUID); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			var err error
			if v[name], err = fill(v[name], saved, newUUID); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

func fillText(text string, saved map[string]string, newUUID func() string) (string, error) {
	switch text {
	case "$uuid":
		return newUUID(), nil
	case "$absent", "$any":
		return text, nil
	}
	var failed error
	filled := savedName.ReplaceAllStringFunc(text, func(name string) string {
		value, known := saved[name[1:]]
		if !known {
			failed = fmt.Errorf("%s was not saved by an earlier step", name)
		}
		return value
	})
	return filled, failed
}

// decode reads JSON without losing digits.
func decode(text []byte, target any) error {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	return decoder.Decode(target)
}
