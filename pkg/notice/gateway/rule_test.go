package gateway

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const (
	fresh     = caseworkv1.WaitingKind_WAITING_KIND_NEW
	late      = caseworkv1.WaitingKind_WAITING_KIND_OVERDUE
	emergency = commonv1.Urgency_URGENCY_EMERGENCY
	urgent    = commonv1.Urgency_URGENCY_URGENT
	normal    = commonv1.Urgency_URGENCY_NORMAL
)

func at(clock string) time.Time {
	moment, err := time.ParseInLocation("2006-01-02 15:04", clock, matter.Helsinki())
	if err != nil {
		panic(err)
	}
	return moment
}

func waits(name string, kind caseworkv1.WaitingKind, urgency commonv1.Urgency) waitingMatter {
	return waitingMatter{service: "concern", Waiting: &caseworkv1.Waiting{Subject: name, Kind: kind, Urgency: urgency}}
}

// mailed is a new emergency that was mailed once.
func mailed(name, first, due string) waitingMatter {
	one := waits(name, fresh, emergency)
	one.Told, one.ToldAt = 1, timestamppb.New(at(first))
	if due != "" {
		one.DueAt = timestamppb.New(at(due))
	}
	return one
}

func names(matters []waitingMatter) []string {
	found := []string{}
	for _, one := range matters {
		found = append(found, one.GetSubject())
	}
	slices.Sort(found)
	return found
}

func TestRule(t *testing.T) {
	const day, night, saturday = "2026-11-26 12:00", "2026-11-26 23:00", "2026-11-28 12:00"
	for name, test := range map[string]struct {
		now, last string
		waiting   []waitingMatter
		want      []string
	}{
		"nothing":                            {day, "", nil, nil},
		"an emergency at night":              {night, "", []waitingMatter{waits("e", fresh, emergency)}, []string{"e"}},
		"on a Saturday":                      {saturday, "", []waitingMatter{waits("e", fresh, emergency)}, []string{"e"}},
		"behind a mail of this minute":       {day, day, []waitingMatter{waits("e", fresh, emergency)}, []string{"e"}},
		"overdue":                            {night, night, []waitingMatter{waits("e", late, emergency)}, []string{"e"}},
		"with what was not mailed yet":       {night, night, []waitingMatter{waits("n", fresh, normal), waits("e", fresh, emergency), waits("o", late, urgent)}, []string{"e", "n", "o"}},
		"but not what was mailed":            {night, "", []waitingMatter{mailed("t", "2026-11-26 22:59", "2026-11-26 23:59"), waits("e", fresh, emergency)}, []string{"e"}},
		"before half of its time":            {"2026-11-26 22:29", "", []waitingMatter{mailed("t", "2026-11-26 22:00", "2026-11-26 23:00")}, nil},
		"at half of its time":                {"2026-11-26 22:30", "2026-11-26 22:00", []waitingMatter{mailed("t", "2026-11-26 22:00", "2026-11-26 23:00")}, []string{"t"}},
		"half of what was left":              {"2026-11-26 22:45", "", []waitingMatter{mailed("t", "2026-11-26 22:30", "2026-11-26 23:00")}, []string{"t"}},
		"again, with the rest":               {night, night, []waitingMatter{mailed("t", "2026-11-26 22:00", "2026-11-26 23:00"), waits("n", fresh, normal)}, []string{"n", "t"}},
		"without a time limit":               {"2026-11-26 22:29", "", []waitingMatter{mailed("t", "2026-11-26 22:00", "")}, nil},
		"without one, half an hour later":    {"2026-11-26 22:30", "", []waitingMatter{mailed("t", "2026-11-26 22:00", "")}, []string{"t"}},
		"mailed when it was overdue":         {"2026-11-26 22:29", "", []waitingMatter{mailed("t", "2026-11-26 22:00", "2026-11-26 21:00")}, nil},
		"overdue, half an hour later":        {"2026-11-26 22:30", "", []waitingMatter{mailed("t", "2026-11-26 22:00", "2026-11-26 21:00")}, []string{"t"}},
		"urgent at night":                    {night, "", []waitingMatter{waits("u", fresh, urgent), waits("o", late, urgent)}, nil},
		"urgent on a Saturday":               {saturday, "", []waitingMatter{waits("u", fresh, urgent)}, nil},
		"urgent by day":                      {day, "", []waitingMatter{waits("u", fresh, urgent)}, []string{"u"}},
		"urgent, soon after":                 {day, "2026-11-26 11:51", []waitingMatter{waits("u", fresh, urgent)}, nil},
		"urgent, ten minutes after":          {day, "2026-11-26 11:50", []waitingMatter{waits("u", fresh, urgent), waits("n", fresh, normal)}, []string{"n", "u"}},
		"urgent and overdue is not that new": {day, "2026-11-26 11:50", []waitingMatter{waits("u", late, urgent)}, nil},
		"normal, soon after":                 {day, "2026-11-26 11:01", []waitingMatter{waits("n", fresh, normal), waits("o", late, normal)}, nil},
		"normal, an hour after":              {day, "2026-11-26 11:00", []waitingMatter{waits("n", fresh, normal), waits("o", late, normal)}, []string{"n", "o"}},
		"before eight":                       {"2026-11-26 07:59", "", []waitingMatter{waits("n", fresh, normal)}, nil},
		"at eight":                           {"2026-11-26 08:00", "2026-11-25 15:59", []waitingMatter{waits("n", fresh, normal)}, []string{"n"}},
		"a clock that stands still":          {day, day, []waitingMatter{waits("u", fresh, urgent)}, nil},
		"a clock that went back":             {day, "2026-11-27 12:00", []waitingMatter{waits("u", fresh, urgent)}, nil},
	} {
		last := time.Time{}
		if test.last != "" {
			last = at(test.last)
		}
		if got := names(dueForMail(test.waiting, at(test.now), last)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// For any sequence of matters and times: an emergency is mailed in the first round, and once more; other
// matters are not mailed at night, nor sooner after a mail than the rule allows; no matter is mailed more
// often, and every matter is mailed at some time.
func TestRuleForAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, last := at("2026-11-26 00:00").Add(time.Duration(rapid.IntRange(0, 72*60).Draw(t, "minute"))*time.Minute), time.Time{}
		open := map[string]waitingMatter{}
		round := func() {
			var waiting []waitingMatter
			for _, one := range open {
				if due := one.GetDueAt(); due != nil && !one.overdue() && now.After(due.AsTime()) {
					one.Kind, one.Told, one.ToldAt = late, 0, nil
				}
				// As a service answers.
				if one.GetTold() == 0 || one.emergency() && !one.overdue() && one.GetTold() < 2 {
					waiting = append(waiting, one)
				}
			}
			mail := dueForMail(waiting, now, last)
			check(t, waiting, mail, now, last)
			for _, one := range mail {
				one.Told, one.ToldAt = one.GetTold()+1, timestamppb.New(now)
			}
			if len(mail) > 0 {
				last = now
			}
		}
		number := 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { round() },
			"comes": func(t *rapid.T) {
				number++
				one := waits(fmt.Sprint(number), fresh, rapid.SampledFrom([]commonv1.Urgency{emergency, urgent, normal}).Draw(t, "urgency"))
				if minutes := rapid.IntRange(0, 600).Draw(t, "due"); minutes > 0 {
					one.DueAt = timestamppb.New(now.Add(time.Duration(minutes) * time.Minute))
				}
				open[one.GetSubject()] = one
			},
			"taken": func(t *rapid.T) {
				if len(open) > 0 {
					delete(open, rapid.SampledFrom(slices.Sorted(maps.Keys(open))).Draw(t, "which"))
				}
			},
			"later": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 60, 600, 1800, 3600, 8 * 3600, 72 * 3600}).Draw(t, "seconds")) * time.Second)
			},
		})
		// In office hours again, the longest pause later: all that waits has been mailed.
		for now = now.Add(pause); !matter.InOfficeHours(now); {
			now = now.Add(pause)
		}
		round()
		for _, one := range open {
			if one.GetTold() == 0 {
				t.Fatalf("never mailed: %v", one)
			}
		}
	})
}

func check(t *rapid.T, waiting, mail []waitingMatter, now, last time.Time) {
	inMail := names(mail)
	emergencies, urgentNew := false, false
	for _, one := range mail {
		emergencies = emergencies || one.emergency()
		urgentNew = urgentNew || one.urgent() && !one.overdue()
		if one.GetTold() > 0 && (!one.emergency() || one.overdue() || one.GetTold() > 1) {
			t.Fatalf("mailed too often: %v", one)
		}
		if one.GetTold() == 1 && now.Equal(one.GetToldAt().AsTime()) {
			t.Fatalf("mailed twice at one time: %v", one)
		}
	}
	for _, one := range waiting {
		_, found := slices.BinarySearch(inMail, one.GetSubject())
		if one.GetTold() == 0 && !found && (one.emergency() || len(mail) > 0) {
			t.Fatalf("left out: %v", one)
		}
	}
	if len(mail) == 0 || emergencies {
		return
	}
	since := now.Sub(last)
	if !matter.InOfficeHours(now) || !last.IsZero() && (since < 10*time.Minute || since < time.Hour && !urgentNew) {
		t.Fatalf("a mail at %s, %s after the last: %v", now, since, mail)
	}
}
