package docs

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"koppi.internal/gateway/kits"
)

// data are what other parts of Koppi say once, copied here since a program embeds only what lies below its
// folder. The tests of deploy/docs and deploy/demo prove that they are current, and write them with -update.
//
//go:embed data
var data embed.FS

// examples maps a service and an event, such as concern/ConcernSubmitted, to a case message.
type examples map[string]example

// example is a case message that an agency received when a scenario was replayed.
type example struct {
	// Scenario is what the case is about; Reader the agency whose mailbox it is from.
	Scenario string          `json:"scenario"`
	Reader   string          `json:"reader"`
	Message  json.RawMessage `json:"message"`
}

func readExamples() (examples, error) {
	text, err := data.ReadFile("data/events.json")
	if err != nil {
		return nil, err
	}
	var all examples
	return all, json.Unmarshal(text, &all)
}

// disclosureTable is what a service discloses, by event and reader.
type disclosureTable struct {
	// Service is the name of the service, such as concern.
	Service string
	// Provisions say for the first part of a rule's key why it withholds.
	Provisions map[string]string
	Readers    []string
	Events     []disclosedEvent
}

// disclosedEvent are the cells of one event, in the order of the readers.
type disclosedEvent struct {
	Event string
	Cells []string
}

// readDisclosure reads the tables of the page that a lawyer reviews.
func readDisclosure() ([]disclosureTable, error) {
	text, err := data.ReadFile("data/disclosure.md")
	if err != nil {
		return nil, err
	}
	rules, _, _ := strings.Cut(string(text), "\n# Recipients of texts")
	var all []disclosureTable
	for _, section := range strings.Split(rules, "\n## ")[1:] {
		if table := parseDisclosure(section); len(table.Events) > 0 {
			all = append(all, table)
		}
	}
	if len(all) != 4 {
		return nil, fmt.Errorf("the page of the disclosure rules has %d services", len(all))
	}
	return all, nil
}

func parseDisclosure(section string) disclosureTable {
	name, _, _ := strings.Cut(section, "\n")
	table := disclosureTable{Service: strings.ToLower(strings.TrimSpace(name)), Provisions: map[string]string{}}
	for line := range strings.Lines(section) {
		line = strings.TrimSpace(line)
		if key, why, is := strings.Cut(strings.TrimPrefix(line, "- **"), "**: "); is && strings.HasPrefix(line, "- **") {
			table.Provisions[key] = why
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "---"):
		case cells[0] == "event":
			table.Readers = cells[1:]
		case len(table.Readers) > 0 && len(cells) == len(table.Readers)+1:
			table.Events = append(table.Events, disclosedEvent{Event: cells[0], Cells: cells[1:]})
		}
	}
	return table
}

// glossary shows the tables of GLOSSARY.md that partners need: retired words are for those who write code.
func (s *site) glossary() (template.HTML, error) {
	text, err := data.ReadFile("data/glossary.md")
	if err != nil {
		return "", err
	}
	content, _, err := markdown([]byte(glossaryHead + string(text)))
	return content, err
}

const glossaryHead = `# Glossary

One word, one meaning: in the contract, in messages, on the pages and in these documents. The Finnish and Swedish words are those that
people in Finland read.

`

// kits shows the page of the kits, with the checksums of those that this gateway serves.
func (s *site) kits() (template.HTML, error) {
	text, err := sources.ReadFile("pages/kits.md")
	if err != nil {
		return "", err
	}
	if sums, err := fs.ReadFile(kits.Files(), "SHA256SUMS"); err == nil {
		text = append(text, "\n## Checksums\n\n```\n"+string(sums)+"```\n"...)
	}
	content, _, err := markdown(text)
	return content, err
}

// changes shows the change log.
func (s *site) changes() (template.HTML, error) {
	content, _, err := copied("changelog.md")
	return content, err
}

// kitPages makes a page of each kit's README, below that of the kits: who has only a gateway's address finds the quick
// starts there.
func (s *site) kitPages() error {
	for _, kit := range []struct{ name, title string }{{"curl", "Quick start with curl"}, {"go", "Kit for Go"}, {"typescript", "Kit for TypeScript"}, {"python", "Kit for Python"}} {
		content, contents, err := copied("kit-" + kit.name + ".md")
		if err == nil {
			err = s.add(&page{Name: "kits/" + kit.name, Title: kit.title, Contents: contents}, content)
		}
		if err != nil {
			return fmt.Errorf("kits/%s: %w", kit.name, err)
		}
	}
	return nil
}

// copied shows a copy of another document.
func copied(name string) (template.HTML, []heading, error) {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		return "", nil, err
	}
	return markdown(text)
}

// disclosure shows the page that a lawyer reviews, below what it means for an agency.
func (s *site) disclosure() (template.HTML, error) {
	before, err := sources.ReadFile("pages/disclosure.md")
	if err != nil {
		return "", err
	}
	rules, err := data.ReadFile("data/disclosure.md")
	if err != nil {
		return "", err
	}
	// Its headings come below that of the page.
	below := strings.ReplaceAll("\n"+string(rules), "\n#", "\n##")
	content, _, err := markdown([]byte(string(before) + "\n" + below))
	return content, err
}
