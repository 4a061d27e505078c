package load

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/anypb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// The synthetic country is a valid directory with all organisers of health and social services.
func TestCountry(t *testing.T) {
	text, err := Directory()
	if err != nil {
		t.Fatal(err)
	}
	read, err := directory.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	count, codes := map[string]int{}, map[string]string{}
	for _, agency := range read.Agencies() {
		count[strings.Split(agency.Key, "-")[0]]++
		if agency.Key == "" || agency.Graces.Emergency != time.Minute {
			t.Errorf("%s: %v", agency.Key, agency.Graces)
		}
		for _, unit := range agency.Units {
			for _, code := range unit.Municipalities {
				name := unit.Names["fi"][strings.LastIndex(unit.Names["fi"], " ")+1:]
				if other, known := codes[code]; known && other != name {
					t.Errorf("%s is %s and %s", code, other, name)
				}
				codes[code] = name
			}
		}
	}
	if count["hva"] != 22 || count["terveys"] != 22 || count["kela"] != 1 || count["etsiva"] != len(codes) {
		t.Errorf("%v, of %d municipalities", count, len(codes))
	}
}

// Each client is a test person with a valid code, and many are different.
func TestPeople(t *testing.T) {
	p, seen := newPeople(rand.New(rand.NewPCG(1, 2))), map[string]bool{}
	for range 100_000 {
		code := p.code()
		if _, err := idcode.Parse(code, idcode.AllPersons, time.Now()); err != nil || seen[code] {
			t.Fatalf("%v, seen before: %v", err, seen[code])
		}
		if _, err := idcode.Parse(code, idcode.RealPersons, time.Now()); err == nil {
			t.Fatal("the code may be that of a real person")
		}
		seen[code] = true
	}
}

// The rhythm's mean is 1, with peaks on Monday mornings and at turns of the month.
func TestRhythm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(rapid.IntRange(1990, 2060).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)
		sum, count := 0.0, 0
		for at := from; at.Before(from.AddDate(4, 0, 0)); at = at.Add(time.Hour) {
			sum, count = sum+Rhythm(at), count+1
		}
		if mean := sum / float64(count); math.Abs(mean-1) > 0.01 {
			t.Errorf("the mean of four years from %v is %v", from, mean)
		}
		monday := from.AddDate(0, 0, 7+(8-int(from.Weekday()))%7).Add(9 * time.Hour)
		for n := 1; n < 7; n++ {
			if other := monday.AddDate(0, 0, n); month(other) <= month(monday) && Rhythm(other) >= Rhythm(monday) {
				t.Errorf("%v has as much load as Monday %v", other, monday)
			}
		}
		if first, middle := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC), from.AddDate(0, 0, 13); month(first) < 1.5*month(middle) || month(first.AddDate(0, 0, -1)) < 1.5*month(middle) {
			t.Errorf("no peak at the turn to %v", first)
		}
	})
}

// For any number of compressed days, the mean rate of a run is the requested one, and commands are
// in order of time.
func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		duration := time.Duration(rapid.IntRange(10, 100).Draw(t, "seconds")) * time.Second
		p := newPace(rapid.Float64Range(50, 500).Draw(t, "rate"), duration, rapid.Float64Range(0, 40).Draw(t, "days"))
		count, last := 0, time.Duration(0)
		for at := range p.arrivals(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))) {
			if at < last || at >= duration {
				t.Fatalf("%v after %v", at, last)
			}
			count, last = count+1, at
		}
		want := p.rate * duration.Seconds()
		if math.Abs(float64(count)-want) > 6*math.Sqrt(want)+0.01*want {
			t.Errorf("%d commands, not %.0f", count, want)
		}
	})
}

// The shares of all kinds add up to a thousand.
func TestKinds(t *testing.T) {
	sum := 0
	for _, k := range kinds {
		sum += k.share
	}
	if sum != 1000 || meanSteps() < 2 {
		t.Errorf("%d shares, %v steps", sum, meanSteps())
	}
}

// message returns a mailbox message of a step.
func message(subject string) *exchangev1.CaseMessage {
	event, _ := anypb.New(&concernv1.ConcernSubmitted{})
	return &exchangev1.CaseMessage{MessageId: uuid.NewString(), Subject: subject, Event: event}
}

// The book finds accepted messages that are lost or doubled, also at one of two readers. Messages of
// commands that this load did not send do not count.
func TestBookLosses(t *testing.T) {
	began := time.Now()
	var underWay []time.Duration
	b := newBook(func(took time.Duration) { underWay = append(underWay, took) })
	good, doubled, again, missed, repeated := message("concerns/1"), message("concerns/2"), message("concerns/2"), message("concerns/4"), message("concerns/5")
	for _, subject := range []string{"concerns/1", "concerns/2", "concerns/3", "concerns/4", "concerns/5"} {
		b.expect(subject, "ConcernSubmitted", began)
	}
	others := message("concerns/6")
	for _, reading := range []*exchangev1.CaseMessage{good, good, doubled, doubled, again, again, missed, repeated, repeated, repeated, others, others} {
		b.take(reading, began.Add(time.Second))
	}
	if v := b.judge(2); v != (verdict{Expected: 5, Lost: 1, Doubled: 1, Missed: 1, Repeated: 1}) {
		t.Errorf("%+v", v)
	}
	if len(underWay) != 4 || underWay[0] != time.Second {
		t.Errorf("under way: %v", underWay)
	}
}

// A message may arrive before its command is answered.
func TestBookMessageBeforeAnswer(t *testing.T) {
	var underWay []time.Duration
	b, began := newBook(func(took time.Duration) { underWay = append(underWay, took) }), time.Now()
	b.take(message("concerns/1"), began.Add(time.Millisecond))
	b.expect("concerns/1", "ConcernSubmitted", began)
	if v := b.judge(1); v != (verdict{Expected: 1}) || !slices.Equal(underWay, []time.Duration{time.Millisecond}) {
		t.Errorf("%+v %v", v, underWay)
	}
}

// An incomplete file of tokens is refused, and the error does not contain its content.
func TestTokenFile(t *testing.T) {
	for text, fits := range map[string]bool{
		`{"kela": {"system": "secret-s", "worker": "secret-w", "unit": "toimeentulotuki"}}`: true,
		`{"kela": {"system": "secret-s", "unit": "toimeentulotuki"}}`:                       false,
		`{"kela": "secret-s"}`: false,
		`secret-s`:             false,
	} {
		path := filepath.Join(t.TempDir(), "tokens.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		of, err := fileTokens(path)
		if (err == nil) != fits || err != nil && strings.Contains(err.Error(), "secret") {
			t.Fatalf("%s: %v", text, err)
		}
		if !fits {
			continue
		}
		for want, who := range map[string]party{"secret-s": system("kela"), "secret-w": {agency: "kela", worker: "load-1", role: identity.RoleBenefitHandler}} {
			if token, err := of.of(t.Context(), who); err != nil || token != want {
				t.Errorf("%q %v", token, err)
			}
		}
	}
}

// The chart is valid XML for a short run, a long run and a run without commands.
func TestChart(t *testing.T) {
	for name, r := range map[string]*Report{
		"nothing": {},
		"short":   {Settings: Settings{Address: "http://a?b&c<d>", Duration: 2, Days: 7}, Seconds: []Second{{0, 1, 1, 0, 3}, {1, 2, 2, 1, 4}}, Commands: Commands{Failed: map[string]int{"Unavailable": 1}}},
		"long":    {Settings: Settings{Duration: 3600}, Seconds: make([]Second, 3600)},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			if err := r.Picture(&text); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(text.String(), "NaN") || strings.Contains(text.String(), "Inf") {
				t.Error("a line has an invalid coordinate")
			}
			decoder := xml.NewDecoder(strings.NewReader(text.String()))
			for {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
