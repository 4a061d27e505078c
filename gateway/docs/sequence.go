package docs

import (
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A sequence diagram is drawn from lines of these forms:
//
//	title: what the diagram shows
//	Kela -> Koppi: SubmitConcern      a call
//	Koppi --> Kela: accepted          what is delivered or answered
//	note: no step by the due time     a remark across all lanes
type sequence struct {
	title string
	lanes []string
	steps []step
}

// step is a message between two lanes, or a note if it has no text of an arrow.
type step struct {
	from, to, text string
	answer         bool
}

var arrow = regexp.MustCompile(`^(.+?) (-->|->) (.+?): (.+)$`)

func parseSequence(text string) (sequence, error) {
	var s sequence
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		found := arrow.FindStringSubmatch(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "title: "):
			s.title = strings.TrimPrefix(line, "title: ")
		case strings.HasPrefix(line, "note: "):
			s.steps = append(s.steps, step{text: strings.TrimPrefix(line, "note: ")})
		case found != nil:
			s.steps = append(s.steps, step{from: found[1], to: found[3], text: found[4], answer: found[2] == "-->"})
			for _, lane := range []string{found[1], found[3]} {
				if !slices.Contains(s.lanes, lane) {
					s.lanes = append(s.lanes, lane)
				}
			}
		default:
			return s, fmt.Errorf("a sequence diagram has no such line: %q", line)
		}
	}
	if s.title == "" || len(s.lanes) < 2 {
		return s, fmt.Errorf("a sequence diagram needs a title and two lanes")
	}
	return s, nil
}

const (
	laneWidth, laneHeight = 150, 34
	stepHeight, margin    = 46, 10
	// letter is the mean width of a letter of the text.
	letter = 7
)

// drawSequence draws a diagram as SVG. What it shows is also its description, for a reader who does not see
// it.
func drawSequence(text string) (string, error) {
	s, err := parseSequence(text)
	if err != nil {
		return "", err
	}
	gap := s.gap()
	width, height := 2*margin+laneWidth+gap*(len(s.lanes)-1), margin+laneHeight+stepHeight*len(s.steps)+24
	center := func(lane string) int { return margin + laneWidth/2 + gap*slices.Index(s.lanes, lane) }
	var out, said strings.Builder
	for _, lane := range s.lanes {
		x := center(lane)
		fmt.Fprintf(&out, `<line class="life" x1="%d" y1="%d" x2="%d" y2="%d"/>`, x, margin+laneHeight, x, height-margin)
		fmt.Fprintf(&out, `<rect class="lane" x="%d" y="%d" width="%d" height="%d" rx="2"/>`, x-laneWidth/2, margin, laneWidth, laneHeight)
		fmt.Fprintf(&out, `<text class="lane-name" x="%d" y="%d" text-anchor="middle">%s</text>`, x, margin+22, template.HTMLEscapeString(lane))
	}
	for i, step := range s.steps {
		y := margin + laneHeight + stepHeight*(i+1)
		if step.from == "" {
			fmt.Fprintf(&out, `<rect class="note" x="%d" y="%d" width="%d" height="26" rx="2"/>`, margin+laneWidth/4, y-20, width-2*margin-laneWidth/2)
			fmt.Fprintf(&out, `<text class="note-text" x="%d" y="%d" text-anchor="middle">%s</text>`, width/2, y-2, template.HTMLEscapeString(step.text))
			fmt.Fprintf(&said, "%s. ", step.text)
			continue
		}
		out.WriteString(arrowFrom(center(step.from), center(step.to), y, step))
		fmt.Fprintf(&said, "%s to %s: %s. ", step.from, step.to, step.text)
	}
	title := template.HTMLEscapeString(s.title)
	return fmt.Sprintf(`<figure class="sequence"><figcaption>%s</figcaption><div class="wide" role="group" aria-label="%s" tabindex="0">`+
		`<svg viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">%s</svg></div></figure>`+"\n",
		title, title, width, height, width, height, template.HTMLEscapeString(strings.TrimSpace(said.String())), out.String()), nil
}

// gap is the distance of two lanes at which the texts between them fit.
func (s sequence) gap() int {
	gap := laneWidth + 30
	for _, step := range s.steps {
		if lanes := slices.Index(s.lanes, step.to) - slices.Index(s.lanes, step.from); step.from != "" && lanes != 0 {
			gap = max(gap, (letter*utf8.RuneCountInString(step.text)+24)/max(lanes, -lanes))
		}
	}
	return gap
}

// arrowFrom draws one message. Its head is drawn by hand: a marker would need an id that is unique on the
// page.
func arrowFrom(from, to, y int, step step) string {
	direction, class := 1, "call"
	if to < from {
		direction = -1
	}
	if step.answer {
		class = "answer"
	}
	end := to - direction*2
	return fmt.Sprintf(`<line class="%s" x1="%d" y1="%d" x2="%d" y2="%d"/><path class="head" d="M%d %d l%d -5 v10 z"/>`, class, from, y, end-direction*6, y, end, y, -direction*9) +
		fmt.Sprintf(`<text class="message" x="%d" y="%d" text-anchor="middle">%s</text>`, (from+to)/2, y-8, template.HTMLEscapeString(step.text))
}
