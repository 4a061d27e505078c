package gateway

import (
	_ "embed" // the words
	"encoding/json"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// words are the texts of mails in one language, read from words.json.
type words struct {
	// One holds the sentences for a single matter.
	One struct {
		Normal, Urgent, Emergency                      string
		NormalOverdue, UrgentOverdue, EmergencyOverdue string
	}
	// Many is the sentence for several matters. Of introduces the list of what some of them are;
	// Next and Last separate its parts.
	Many, Of, Next, Last       string
	Emergency, Urgent, Overdue forms
	// Open says what the reader should do.
	Open forms
}

// forms are the singular and plural of a phrase.
type forms struct{ One, Many string }

func (f forms) of(n int) string {
	if n == 1 {
		return f.One
	}
	return f.Many
}

//go:embed words.json
var wordsFile []byte

var languages = func() map[string]words {
	var read map[string]words
	if err := json.Unmarshal(wordsFile, &read); err != nil {
		panic(err) // the file is built in
	}
	return read
}()

// otherwise is the language of a unit that serves in none of the languages that have words.
const otherwise = "fi"

// languageOf is the first of a unit's languages that has words.
func languageOf(served []string) string {
	for _, tag := range served {
		base, _ := language.Make(tag).Base()
		if _, known := languages[base.String()]; known {
			return base.String()
		}
	}
	return otherwise
}

// counts are all that a mail says of matters.
type counts struct{ all, emergencies, urgent, overdue int }

// count counts matters. A matter that appears twice counts once.
func count(matters []waitingMatter) counts {
	var found counts
	all, overdue := map[string]bool{}, map[string]bool{}
	for _, one := range matters {
		subject := one.service + "/" + one.GetSubject()
		if !all[subject] {
			all[subject] = true
			switch {
			case one.emergency():
				found.emergencies++
			case one.urgent():
				found.urgent++
			}
		}
		if one.overdue() {
			overdue[subject] = true
		}
	}
	found.all, found.overdue = len(all), len(overdue)
	return found
}

// write makes a mail's subject and body.
func write(tag string, found counts, link string) (subject, body string) {
	w := languages[tag]
	subject = w.sentence(found)
	return subject, subject + ".\n\n" + strings.ReplaceAll(w.Open.of(found.all), "{link}", link) + "\n"
}

func (w words) sentence(found counts) string {
	if found.all == 1 {
		return w.single(found)
	}
	var parts []string
	for _, part := range []struct {
		n int
		forms
	}{{found.emergencies, w.Emergency}, {found.urgent, w.Urgent}, {found.overdue, w.Overdue}} {
		if part.n > 0 {
			parts = append(parts, number(part.of(part.n), part.n))
		}
	}
	sentence := number(w.Many, found.all)
	if last := len(parts) - 1; last >= 0 {
		sentence += w.Of
		if last > 0 {
			sentence += strings.Join(parts[:last], w.Next) + w.Last
		}
		sentence += parts[last]
	}
	return sentence
}

func (w words) single(found counts) string {
	fresh, late := w.One.Normal, w.One.NormalOverdue
	switch {
	case found.emergencies > 0:
		fresh, late = w.One.Emergency, w.One.EmergencyOverdue
	case found.urgent > 0:
		fresh, late = w.One.Urgent, w.One.UrgentOverdue
	}
	if found.overdue > 0 {
		return late
	}
	return fresh
}

func number(phrase string, n int) string { return strings.ReplaceAll(phrase, "{n}", strconv.Itoa(n)) }
