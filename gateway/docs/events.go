package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// eventPage is what the page of a service's events shows.
type eventPage struct {
	Service, Name string
	Provisions    []provisionView
	Events        []eventView
}

type provisionView struct{ Key, Why string }

type eventView struct {
	Name, Type, Address string
	About               template.HTML
	Readers             []readerView
	// Example is a case message; From says whence. Both are empty for an event that no mailbox gets.
	Example, From string
}

// readerView says what one reader gets of an event.
type readerView struct {
	Reader string
	// Nothing says that the reader does not get the event.
	Nothing bool
	// By is who is named as the party that acted: the worker, or only the agency.
	By     string
	Fields []string
	// Withheld are the fields that the reader does not get, and the rule for each.
	Withheld []withheldView
}

type withheldView struct{ Field, Rule string }

// eventIndex lists the events of all services.
func (s *site) eventIndex() (template.HTML, error) {
	var all []eventPage
	for _, table := range s.tables {
		view, err := s.eventPage(table)
		if err != nil {
			return "", err
		}
		all = append(all, view)
	}
	return s.rendered("events.html", all)
}

// eventPages makes one page for each service.
func (s *site) eventPages() error {
	for _, table := range s.tables {
		view, err := s.eventPage(table)
		if err != nil {
			return err
		}
		content, err := s.rendered("service-events.html", view)
		if err != nil {
			return err
		}
		if err := s.add(&page{Name: "events/" + table.Service, Title: "Events of " + table.Service + "s"}, content); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) eventPage(table disclosureTable) (eventPage, error) {
	view := eventPage{Service: table.Service, Name: strings.ToUpper(table.Service[:1]) + table.Service[1:] + "s"}
	for key, why := range table.Provisions {
		view.Provisions = append(view.Provisions, provisionView{key, why})
	}
	slices.SortFunc(view.Provisions, func(a, b provisionView) int { return strings.Compare(a.Key, b.Key) })
	for _, one := range table.Events {
		event, err := s.event(table, one)
		if err != nil {
			return view, err
		}
		view.Events = append(view.Events, event)
	}
	return view, nil
}

func (s *site) event(table disclosureTable, of disclosedEvent) (eventView, error) {
	message := s.contract.event(table.Service, of.Event)
	if message == nil {
		return eventView{}, fmt.Errorf("the contract has no event %s of a %s", of.Event, table.Service)
	}
	view := eventView{
		Name: of.Event, Type: string(message.FullName()), Address: address(message), About: s.contract.prose(s.contract.commentOf(message), message),
	}
	for i, cell := range of.Cells {
		view.Readers = append(view.Readers, readerOf(table.Readers[i], cell))
	}
	if found, is := s.examples.of(table.Service, message); is {
		text, err := inOrder(found.Message)
		if err != nil {
			return view, fmt.Errorf("the example of %s: %w", of.Event, err)
		}
		view.Example, view.From = text, fmt.Sprintf("In the mailbox of %s, from the case “%s”.", found.Reader, found.Scenario)
	}
	return view, nil
}

// of is the example of an event of a service; of an event that all services share, that of any service.
func (e examples) of(service string, event protoreflect.MessageDescriptor) (example, bool) {
	if found, is := e[service+"/"+string(event.Name())]; is {
		return found, true
	}
	if packageOf(event) != "koppi.common.v1" {
		return example{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(e)) {
		if strings.HasSuffix(key, "/"+string(event.Name())) {
			return e[key], true
		}
	}
	return example{}, false
}

// inOrder is a case message with its fields in the order of the contract, as Koppi answers.
func inOrder(message json.RawMessage) (string, error) {
	parsed := &exchangev1.CaseMessage{}
	if err := protojson.Unmarshal(message, parsed); err != nil {
		return "", err
	}
	// Its blanks are not the same in every build.
	text, err := protojson.Marshal(parsed)
	if err != nil {
		return "", err
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, text, "", "  ")
	return indented.String(), err
}

// event finds the message of an event: of the service's package, or of what all services share.
func (c *contract) event(service, name string) protoreflect.MessageDescriptor {
	for _, in := range []string{"koppi." + service + ".v1.", "koppi.common.v1."} {
		if found := c.messages[protoreflect.FullName(in+name)]; found != nil {
			return found
		}
	}
	return nil
}

// readerOf reads a cell of the table, such as "from agency, reason; not explanation (no-consent/explanation)".
func readerOf(reader, cell string) readerView {
	view := readerView{Reader: reader}
	disclosed, withheld, _ := strings.Cut(cell, "; not ")
	by, is := strings.CutPrefix(disclosed, "from ")
	if !is {
		view.Nothing = true
		return view
	}
	parts := strings.Split(by, ", ")
	view.By, view.Fields = parts[0], parts[1:]
	for _, one := range strings.Split(withheld, ", ") {
		if field, rule, is := strings.Cut(strings.TrimSuffix(one, ")"), " ("); is {
			view.Withheld = append(view.Withheld, withheldView{field, rule})
		}
	}
	return view
}
