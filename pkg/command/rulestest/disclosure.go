package rulestest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Reader is one reader of the disclosure table.
type Reader struct {
	Name string
	matter.Reader
	// Fresh says that nothing had been disclosed to the reader before.
	Fresh bool
	// Ground is the legal ground on which the reader receives the event. Kind changes an event into
	// one of the kind that the row is about.
	Ground commonv1.LegalGround
	Kind   func(proto.Message)
}

// Disclosed is the service's part of the disclosure table: its rules, events and readers.
type Disclosed[S matter.State] struct {
	Rules   command.Rules[S]
	Events  []proto.Message
	Readers []Reader
	// View is what had been disclosed to a reader before.
	View S
}

// Section returns the service's part of the table, in Markdown: its rules, and what is disclosed to
// each reader of each event.
func (d Disclosed[S]) Section(t testing.TB) string {
	t.Helper()
	var page strings.Builder
	fmt.Fprintf(&page, "## %s%s\n", strings.ToUpper(d.Rules.Service[:1]), d.Rules.Service[1:])
	d.rules(t, &page)
	fmt.Fprintf(&page, "\n### What is disclosed to whom\n\n| event |")
	for _, reader := range d.Readers {
		fmt.Fprintf(&page, " %s |", reader.Name)
	}
	page.WriteString("\n| --- |" + strings.Repeat(" --- |", len(d.Readers)) + "\n")
	for _, event := range d.Events {
		fmt.Fprintf(&page, "| %s |", matter.NameOf(event))
		for _, reader := range d.Readers {
			fmt.Fprintf(&page, " %s |", d.cell(event, reader))
		}
		page.WriteString("\n")
	}
	return page.String()
}

func (d Disclosed[S]) rules(t testing.TB, page *strings.Builder) {
	var listed []string
	for _, rule := range d.Rules.Disclosures {
		why, _, _ := strings.Cut(rule.Key, "/")
		switch {
		case rule.Event == "" || slices.Contains(listed, why):
		case d.Rules.Provisions[why] == "":
			t.Errorf("%s: no provision is given", rule.Key)
		default:
			listed = append(listed, why)
			fmt.Fprintf(page, "\n- **%s**: %s", why, d.Rules.Provisions[why])
		}
	}
	page.WriteString("\n\n| rule | withheld | from |\n| --- | --- | --- |\n")
	for _, rule := range d.Rules.Disclosures {
		var from []string
		for _, audience := range rule.To {
			from = append(from, string(audience))
		}
		fmt.Fprintf(page, "| %s | %s.%s | %s |\n", rule.Key, rule.Event, rule.Field, strings.Join(from, ", "))
	}
}

// before returns what had been disclosed to a reader before an event. What is recorded of a withdrawal
// comes after that.
func (d Disclosed[S]) before(event proto.Message, reader Reader) S {
	view := d.View
	if reader.Fresh {
		var none S
		view = none
	}
	switch event.(type) {
	case *commonv1.WithdrawalAcknowledged, *commonv1.WithdrawalOverdue:
		view = d.Rules.Evolve(view, matter.Event{Message: &commonv1.ConsentWithdrawn{Holders: []string{"by"}}, At: time.Unix(1_800_000_000, 0)})
	}
	return view
}

// cell returns what is disclosed of an event to a reader, as a cell of the table.
func (d Disclosed[S]) cell(event proto.Message, reader Reader) string {
	view := d.before(event, reader)
	by := &commonv1.Party{Agency: "by", Unit: "unit", Worker: "worker"}
	event = proto.Clone(event)
	if reader.Kind != nil {
		reader.Kind(event)
	}
	disclosed, withheld, ok := d.Rules.DiscloseTo(view, matter.Event{Message: event, By: by, Basis: &commonv1.LegalBasis{Ground: reader.Ground}}, reader.Reader)
	if !ok {
		return "–"
	}
	var fields, left []string
	all := event.ProtoReflect().Descriptor().Fields()
	for i := range all.Len() {
		if disclosed.Message.ProtoReflect().Has(all.Get(i)) {
			fields = append(fields, string(all.Get(i).Name()))
		}
	}
	for _, one := range withheld {
		left = append(left, strings.TrimPrefix(one.Field, "event.")+" ("+one.Rule+")")
	}
	who := "agency"
	if disclosed.By.GetWorker() != "" {
		who = "worker"
	}
	text := strings.Join(append([]string{"from " + who}, fields...), ", ")
	if len(left) > 0 {
		text += "; not " + strings.Join(left, ", ")
	}
	return text
}
