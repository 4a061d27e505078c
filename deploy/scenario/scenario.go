// Package scenario replays cases against a running Koppi, over any of its transports, and checks
// every answer and every mailbox.
package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Scenario is one case.
type Scenario struct {
	// Name is the file's name without its extension.
	Name  string               `json:"-"`
	Title string               `json:"title"`
	Needs []string             `json:"needs"`
	Clock time.Time            `json:"clock"`
	Cast  map[string]CastParty `json:"cast"`
	Steps []Step               `json:"steps"`
}

// CastParty is a person or system that acts in a scenario: a worker, or a client. Its JSON is that of an
// IssueTokenRequest.
type CastParty struct {
	Agency               string `json:"agency,omitempty"`
	Unit                 string `json:"unit,omitempty"`
	Worker               string `json:"worker,omitempty"`
	Role                 string `json:"role"`
	PersonalIdentityCode string `json:"personalIdentityCode,omitempty"`
	// Name of a worker for people to read, and Profession of a team leader; either may be empty.
	Name       string `json:"name,omitempty"`
	Profession string `json:"profession,omitempty"`
}

// Step is a call, a reading of a mailbox, or a move of the clock.
type Step struct {
	As   string          `json:"as"`
	Call string          `json:"call"`
	Body json.RawMessage `json:"body"`
	// Save stores values of the answer: name → path.
	Save map[string]string `json:"save"`
	// Expect is path → value of the answer; for a mailbox, a list with one such object for each
	// message.
	Expect json.RawMessage `json:"expect"`
	// Code and Reason are those with which the call must be refused.
	Code   string `json:"code"`
	Reason string `json:"reason"`

	Mailbox string `json:"mailbox"`
	Advance string `json:"advance"`
}

// Service is the full name of the service that a call goes to.
func (s Step) Service() string { return path.Dir(s.Call) }

// Method is the name of the method called.
func (s Step) Method() string { return path.Base(s.Call) }

// Services lists the services that a scenario needs.
func (s Scenario) Services() []string {
	var services []string
	for _, step := range s.Steps {
		if step.Call != "" && !slices.Contains(services, step.Service()) {
			services = append(services, step.Service())
		}
	}
	return services
}

// Load reads all scenarios of a folder, sorted by name.
func Load(files fs.FS) ([]Scenario, error) {
	names, err := fs.Glob(files, "[0-9]*.json")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []Scenario
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		one, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("scenario %s: %w", name, err)
		}
		one.Name = strings.TrimSuffix(name, ".json")
		all = append(all, one)
	}
	return all, nil
}

// Parse reads one scenario. It fails for unknown fields and for invalid steps.
func Parse(text []byte) (Scenario, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var s Scenario
	if err := decoder.Decode(&s); err != nil {
		return s, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("there is content after the end")
	}
	for i, step := range s.Steps {
		if err := s.check(step); err != nil {
			return s, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return s, nil
}

func (s Scenario) check(step Step) error {
	kinds := 0
	for _, given := range []string{step.Call, step.Mailbox, step.Advance} {
		if given != "" {
			kinds++
		}
	}
	if kinds != 1 {
		return errors.New("a step must be one of call, mailbox and advance")
	}
	for _, name := range []string{step.As, step.Mailbox} {
		if _, cast := s.Cast[name]; name != "" && !cast {
			return fmt.Errorf("%q is not in the cast", name)
		}
	}
	if step.Call != "" && step.As == "" {
		return errors.New("the step names no caller")
	}
	return nil
}
