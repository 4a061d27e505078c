package directory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"koppi.internal/pkg/idcode"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// maxWorkerText is the longest name or title of a worker, in characters.
const maxWorkerText = 100

// Worker is what the directory says of a worker of a unit. All but Worker may be empty.
type Worker struct {
	// Worker is the worker's subject.
	Worker string
	Name   string
	// Titles by language: any of fi, sv and en; nil if there are none.
	Titles map[string]string
	// Profession is a role of a worker that is a profession.
	Profession string
	// Phone is the worker's own number, PhoneHours when it is answered.
	Phone      string
	PhoneHours []*commonv1.PhoneHours
	// Unnamed says that the worker is named inside its agency only.
	Unnamed bool
	// Leader says that the worker leads the unit.
	Leader bool
}

type fileWorker struct {
	Worker     string            `json:"worker"`
	Name       string            `json:"name"`
	Title      map[string]string `json:"title"`
	Profession string            `json:"profession"`
	Phone      string            `json:"phone"`
	PhoneHours []filePhoneHours  `json:"phoneHours"`
	Unnamed    bool              `json:"unnamed"`
	Leader     bool              `json:"leader"`
}

// professions are the roles that are professions. They are those of package identity, which imports this
// one; a test of that package requires it.
var professions = []string{
	"social_worker", "social_counsellor", "service_guide", "benefit_handler", "health_professional", "youth_worker", "employment_officer",
}

// checkWorkers parses the workers of a unit. The errors say where a worker stands in the list, and do not
// repeat what is said of it.
func checkWorkers(listed []fileWorker) ([]Worker, error) {
	var workers []Worker
	seen := map[string]bool{}
	for i, entry := range listed {
		worker, err := entry.check()
		if err != nil {
			return nil, fmt.Errorf("workers[%d]: %w", i, err)
		}
		if seen[worker.Worker] {
			return nil, fmt.Errorf("workers[%d]: the worker is listed twice", i)
		}
		seen[worker.Worker] = true
		workers = append(workers, worker)
	}
	return workers, nil
}

func (f fileWorker) check() (Worker, error) {
	worker := Worker{
		Worker: f.Worker, Name: f.Name, Titles: f.Title, Profession: f.Profession, Phone: f.Phone, Unnamed: f.Unnamed, Leader: f.Leader,
	}
	if !idcode.IsSubject(f.Worker) {
		return worker, errors.New("worker: a worker must be named by a subject")
	}
	if f.Profession != "" && !slices.Contains(professions, f.Profession) {
		return worker, fmt.Errorf("profession: it must be one of %s", strings.Join(professions, ", "))
	}
	if err := cmp.Or(checkWorkerText("name", f.Name), checkTitles(f.Title), checkPhone("phone", f.Phone)); err != nil {
		return worker, err
	}
	var err error
	worker.PhoneHours, err = phoneHours("worker", f.Phone, f.PhoneHours)
	return worker, err
}

// checkTitles accepts a title in any of the languages of the pages.
func checkTitles(titles map[string]string) error {
	for _, tag := range slices.Sorted(maps.Keys(titles)) {
		switch {
		case !slices.Contains([]string{"fi", "sv", "en"}, tag):
			return fmt.Errorf("title: the language must be fi, sv or en, not %q", tag)
		case titles[tag] == "":
			return fmt.Errorf("title: the title in %q is empty", tag)
		}
		if err := checkWorkerText("title", titles[tag]); err != nil {
			return err
		}
	}
	return nil
}

// checkWorkerText accepts a text of one line, or an empty one. Like a name from a sign-in, it has no character
// that is not seen. Key is the name of the field.
func checkWorkerText(key, text string) error {
	hidden := func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }
	switch {
	case utf8.RuneCountInString(text) > maxWorkerText:
		return fmt.Errorf("%s: longer than %d characters", key, maxWorkerText)
	case strings.ContainsFunc(text, hidden):
		return fmt.Errorf("%s: write it on one line, without control characters", key)
	}
	return nil
}
