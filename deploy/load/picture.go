package load

import (
	_ "embed"
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"text/template"
)

//go:embed picture.svg
var pictureText string

const (
	pictureWidth, plotLeft, plotRight = 960.0, 72.0, 936.0
	// mostPoints is how many points a line shows well; in longer runs each point covers some
	// seconds.
	mostPoints = 240
	// mostDays is how many names of days fit.
	mostDays = 14
)

// panel is one diagram of the picture.
type panel struct {
	Title       string
	Top, Bottom float64
	Rows        []tick
	Lines       []drawn
}

// TitleY is the baseline of the title and the legend.
func (p panel) TitleY() float64 { return p.Top - 16 }

// SignY is the middle of the signs in the legend.
func (p panel) SignY() float64 { return p.Top - 20 }

// SignTop is the top of the signs in the legend.
func (p panel) SignTop() float64 { return p.Top - 25 }

// TickEnd is the lower end of the marks on the time axis.
func (p panel) TickEnd() float64 { return p.Bottom + 5 }

// tick is a mark of an axis.
type tick struct {
	At    float64
	Label string
}

// drawn is one line, or the area under it.
type drawn struct {
	Class, Label, Path string
	Area               bool
	// LegendX is where its sign in the legend begins.
	LegendX float64
}

// LegendEnd is where its sign ends.
func (d drawn) LegendEnd() float64 { return d.LegendX + 22 }

// plotted is a line's class, label and values.
type plotted struct {
	class, label string
	area         bool
	of           func(Second) float64
}

// Picture draws throughput and latency over the run, as SVG.
func (r *Report) Picture(out io.Writer) error {
	points, each := gather(r.Seconds)
	if len(points) == 0 {
		points = []Second{{}}
	}
	by := "by second"
	if each > 1 {
		by = fmt.Sprintf("by %d seconds", each)
	}
	view := struct {
		Width, Height, Left, Right float64
		Title, Under               string
		Panels                     []panel
		Columns, Days              []tick
	}{
		Width: pictureWidth, Height: 560, Left: plotLeft, Right: plotRight,
		Title: fmt.Sprintf("Koppi under load: %.0f commands a second accepted, p99 %.1f ms", r.Commands.PerSecond, r.Latency.P99),
		Under: fmt.Sprintf("%s · %g commands a second requested, %s · %d streams · %s", r.Settings.Address, r.Settings.Rate, r.rhythm(), r.Settings.Streams, r.fate()),
	}
	commands := []plotted{
		{"accepted", "accepted", true, func(s Second) float64 { return float64(s.Accepted) }},
		{"due", "due", false, func(s Second) float64 { return float64(s.Due) }},
	}
	if len(r.Commands.Refused)+len(r.Commands.Failed) > 0 {
		commands = append(commands, plotted{"failed", "refused or failed", false, func(s Second) float64 { return float64(s.Failed) }})
	}
	view.Panels = []panel{
		draw("Commands a second, "+by, 112, 292, points, each, commands),
		draw("Latency in milliseconds, from when a command was due, "+by, 362, 512, points, each, []plotted{
			{"latency", "p99", false, func(s Second) float64 {
				if s.P99 == 0 {
					return math.NaN() // nothing was due then
				}
				return s.P99
			}},
		}),
	}
	last := float64(points[len(points)-1].Second + each)
	for _, value := range ticks(last, 8) {
		if value <= last {
			view.Columns = append(view.Columns, tick{along(value, last), clock(value)})
		}
	}
	view.Days = r.days(last)
	return template.Must(template.New("picture").Funcs(template.FuncMap{"escape": html.EscapeString}).Parse(pictureText)).Execute(out, view)
}

// days are the beginnings of the country's days; none if there are too many to label.
func (r *Report) days(last float64) []tick {
	var all []tick
	for n := range int(math.Ceil(r.Settings.Days)) {
		if r.Settings.Days > mostDays {
			break
		}
		begins := countryStart.AddDate(0, 0, n)
		if second := float64(n) / r.Settings.Days * r.Settings.Duration; second < last {
			all = append(all, tick{along(second, last), begins.Format("Mon 2")})
		}
	}
	return all
}

func (r *Report) fate() string {
	if r.Losses.None() {
		return "nothing lost"
	}
	return "LOSSES"
}

// gather reduces seconds to at most mostPoints points: means of counts, and the highest latency.
func gather(seconds []Second) (points []Second, each int) {
	each = max(1, (len(seconds)+mostPoints-1)/mostPoints)
	for from := 0; from < len(seconds); from += each {
		part := seconds[from:min(from+each, len(seconds))]
		sum := Second{Second: from}
		for _, s := range part {
			sum.Due, sum.Accepted, sum.Failed, sum.P99 = sum.Due+s.Due, sum.Accepted+s.Accepted, sum.Failed+s.Failed, max(sum.P99, s.P99)
		}
		sum.Due, sum.Accepted, sum.Failed = sum.Due/len(part), sum.Accepted/len(part), sum.Failed/len(part)
		points = append(points, sum)
	}
	return points, each
}

// along is the horizontal position of a moment between left and right.
func along(second, last float64) float64 { return plotLeft + second/last*(plotRight-plotLeft) }

func draw(title string, top, bottom float64, points []Second, each int, lines []plotted) panel {
	p := panel{Title: title, Top: top, Bottom: bottom}
	most := 0.0
	for _, line := range lines {
		for _, point := range points {
			if value := line.of(point); value > most {
				most = value
			}
		}
	}
	rows := ticks(max(most, 1), 4)
	scale := rows[len(rows)-1]
	for _, value := range rows {
		p.Rows = append(p.Rows, tick{bottom - value/scale*(bottom-top), fmt.Sprintf("%g", value)})
	}
	last := float64(points[len(points)-1].Second + each)
	legend := plotRight
	for i := len(lines) - 1; i >= 0; i-- {
		legend -= 38 + 7*float64(len(lines[i].label))
		p.Lines = append([]drawn{{Class: lines[i].class, Label: lines[i].label, Area: lines[i].area, LegendX: legend}}, p.Lines...)
	}
	for i, line := range lines {
		var path strings.Builder
		for _, point := range points {
			if math.IsNaN(line.of(point)) {
				continue
			}
			verb := "L"
			if path.Len() == 0 {
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", verb, along(float64(point.Second)+float64(each)/2, last), bottom-line.of(point)/scale*(bottom-top))
		}
		if line.area {
			fmt.Fprintf(&path, "L%.1f %.1fL%.1f %.1fZ", along(float64(points[len(points)-1].Second)+float64(each)/2, last), bottom, along(float64(each)/2, last), bottom)
		}
		p.Lines[i].Path = path.String()
	}
	return p
}

// ticks are round values from 0 to at least most, about as many as some says.
func ticks(most float64, some int) []float64 {
	rough := most / float64(some)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * unit
	for _, round := range []float64{1, 2, 5} {
		if round*unit >= rough {
			step = round * unit
			break
		}
	}
	values := []float64{0}
	for values[len(values)-1] < most {
		values = append(values, step*float64(len(values)))
	}
	return values
}

func clock(second float64) string {
	if second < 120 {
		return fmt.Sprintf("%g s", second)
	}
	return fmt.Sprintf("%d:%02d", int(second)/60, int(second)%60)
}
