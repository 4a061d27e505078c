package directory_test

import (
	"reflect"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
)

const allOfWorker = `{"worker":"kela-17","name":"Taina Lähi","title":{"fi":"ohjaaja","sv":"handledare"},"profession":"service_guide",` +
	`"phone":"017 000 1717","phoneHours":[{"days":"1-5","from":"09:00","to":"11:00"}],"unnamed":true,"leader":true}`

// employing is the directory of the other tests, whose unit has workers.
func employing(workers string) string {
	return strings.Replace(good, `"languages"`, `"workers":`+workers+`,"languages"`, 1)
}

// All but the subject may be missing; what is there is kept, in the order of the file.
func TestWorkers(t *testing.T) {
	d, err := directory.Parse([]byte(employing("[" + allOfWorker + `,{"worker":"a@x"}]`)))
	if err != nil {
		t.Fatal(err)
	}
	unit, _ := d.Unit("kela", "a")
	if len(unit.Workers) != 2 {
		t.Fatalf("%+v", unit.Workers)
	}
	first := unit.Workers[0]
	if len(first.PhoneHours) != 1 || first.PhoneHours[0].GetDays() != "1-5" || first.PhoneHours[0].GetFrom() != "09:00" || first.PhoneHours[0].GetTo() != "11:00" {
		t.Errorf("hours %v", first.PhoneHours)
	}
	first.PhoneHours = nil
	want := directory.Worker{
		Worker: "kela-17", Name: "Taina Lähi", Titles: map[string]string{"fi": "ohjaaja", "sv": "handledare"}, Profession: "service_guide",
		Phone: "017 000 1717", Unnamed: true, Leader: true,
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("%+v", first)
	}
	if !reflect.DeepEqual(unit.Workers[1], directory.Worker{Worker: "a@x"}) {
		t.Errorf("%+v", unit.Workers[1])
	}
	for name, workers := range map[string]string{"empty list": `[]`, "no titles": `[{"worker":"a","title":{}}]`} {
		if _, err := directory.Parse([]byte(employing(workers))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the file says of a worker must be of its form. For a bad one the file is refused, with the place.
func TestWorkersAreChecked(t *testing.T) {
	long := strings.Repeat("å", 101)
	for _, test := range []struct{ from, to, want string }{
		{`"worker":"kela-17",`, ``, "workers[1]: worker: a worker must be named by a subject"},
		{`"kela-17"`, `"kela 17"`, "workers[1]: worker: a worker must be named by a subject"},
		{`"kela-17"`, `"kela-1"`, "workers[1]: the worker is listed twice"},
		{`"kela-17"`, `"kela-17","email":"x"`, "unknown field"},
		{`Taina Lähi`, long, "workers[1]: name: longer than 100"},
		{`Taina Lähi`, `Taina\nLähi`, "workers[1]: name: write it on one line"},
		{`Taina Lähi`, `Taina\u2028Lähi`, "workers[1]: name: write it on one line"},
		{`Taina Lähi`, `Taina\u202eLähi`, "workers[1]: name: write it on one line"},
		{`Taina Lähi`, `Taina 131052-308T`, "identity code"},
		{`"handledare"`, `"` + long + `"`, "workers[1]: title: longer than 100"},
		{`"handledare"`, `"x\ty"`, "workers[1]: title: write it on one line"},
		{`"handledare"`, `""`, `workers[1]: title: the title in "sv" is empty`},
		{`"sv":"handledare"`, `"de":"Berater"`, `workers[1]: title: the language must be fi, sv or en, not "de"`},
		{`"handledare"`, `"131052-308T"`, "identity code"},
		{`service_guide`, `team_leader`, "workers[1]: profession: it must be one of"},
		{`service_guide`, `client`, "workers[1]: profession: it must be one of"},
		{`service_guide`, `king`, "workers[1]: profession: it must be one of"},
		{`"017 000 1717"`, `"arkisin"`, "workers[1]: phone: write a telephone number"},
		{`"phone":"017 000 1717",`, ``, "workers[1]: phoneHours: the worker has no phone"},
		{`"1-5"`, `"5-1"`, "workers[1]: phoneHours[0]: days"},
		{`"unnamed":true`, `"unnamed":"yes"`, "unnamed"},
	} {
		one := strings.Replace(allOfWorker, test.from, test.to, 1)
		_, err := directory.Parse([]byte(employing(`[{"worker":"kela-1"},` + one + `]`)))
		if one == allOfWorker || err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "directory:") {
			t.Errorf("%s: %v; want %s", test.to, err, test.want)
		}
		if strings.HasPrefix(test.want, "workers") && err != nil && !strings.Contains(err.Error(), `agencies[0] "kela": units[0] "a": workers[1]`) {
			t.Errorf("%s: %v does not name the place", test.to, err)
		}
	}
	if _, err := directory.Parse([]byte(employing(`[{"worker":"kela-1"},` + strings.ReplaceAll(allOfWorker, "Taina Lähi", strings.Repeat("å", 100)) + `]`))); err != nil {
		t.Error(err)
	}
}
