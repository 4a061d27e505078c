package leaktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/pkg/idcode"
)

// A test writes Canary, and CanaryAddress where an IP address belongs, wherever a caller can write
// something. Neither may leave.
const (
	Canary        = "kanarialintu"
	CanaryAddress = "203.0.113.77"
)

// secretKeys are the fields of a request that hold free text.
var secretKeys = []string{"description", "reason", "question", "text", "explanation", "topic", "comment", "answer", "feedback", "note", "title"}

// secretWords are names and free texts that tests send, apart from those of the scenarios.
var secretWords = []string{
	Canary, CanaryAddress, "Testinen", "Kaksi vuokraa", "palautettu", "Toisen henkil", "salainen", "whsec_",
	"Kuntoutuksen j", "Henki on vaarassa",
}

// Secrets returns the names and free texts that must not leave, sorted.
func Secrets() ([]string, error) {
	all, err := scenario.Load(scenarios.Files)
	words := slices.Clone(secretWords)
	for _, one := range all {
		for _, step := range one.Steps {
			var body any
			if len(step.Body) > 0 && json.Unmarshal(step.Body, &body) == nil {
				words = append(words, freeTexts("", body)...)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words), err
}

func freeTexts(key string, value any) (found []string) {
	switch value := value.(type) {
	case map[string]any:
		for key, one := range value {
			found = append(found, freeTexts(key, one)...)
		}
	case []any:
		for _, one := range value {
			found = append(found, freeTexts(key, one)...)
		}
	case string:
		if strings.Contains(value, " ") && slices.Contains(secretKeys, key) {
			found = append(found, value)
		}
	}
	return found
}

// jwt matches a token from its first byte on.
var jwt = regexp.MustCompile(`^eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*`)

// indexCode returns where a text holds an identity code whose check character is right, or -1.
// Digits of other numbers hardly ever have one.
func indexCode(text []byte) int {
	const length = 11
	word := func(at int) bool {
		return at >= 0 && at < len(text) && (text[at] >= '0' && text[at] <= '9' || text[at]|0x20 >= 'a' && text[at]|0x20 <= 'z')
	}
	for at := range text {
		if text[at] < '0' || text[at] > '3' || word(at-1) || at+length > len(text) || word(at+length) {
			continue
		}
		if _, err := idcode.Parse(string(text[at:at+length]), idcode.AllPersons, time.Now()); err == nil {
			return at
		}
	}
	return -1
}

// Find returns the first identity code, token or secret word in a text, with some of the text
// around it. It returns "" if there is none.
func Find(text []byte, words []string) string {
	at := indexCode(text)
	for from := 0; at < 0 && from < len(text); {
		next := bytes.Index(text[from:], []byte("eyJ"))
		if next < 0 {
			break
		}
		if jwt.Match(text[from+next:]) {
			at = from + next
		}
		from += next + 1
	}
	for i := 0; at < 0 && i < len(words); i++ {
		at = bytes.Index(text, []byte(words[i]))
	}
	if at < 0 {
		return ""
	}
	start := max(0, bytes.LastIndexByte(text[:at], '\n')+1, at-200)
	return string(text[start:min(len(text), at+100)])
}

// Search reads the record in parts of 4 MiB, and returns from each part the first text that must not
// leave.
func (r *Record) Search() (leaks []string, err error) {
	words, err := Secrets()
	if err != nil {
		return nil, err
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var rest []byte
	part := make([]byte, 4<<20)
	for {
		n, err := io.ReadFull(r.file, part)
		text := slices.Concat(rest, part[:n])
		end := bytes.LastIndexByte(text, '\n') + 1
		if one := Find(text[:end], words); one != "" {
			leaks = append(leaks, one)
		}
		rest = bytes.Clone(text[end:])
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return leaks, nil
		case err != nil:
			return leaks, err
		}
	}
}
