package directory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"golang.org/x/text/language"

	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// file is the form of the directory file.
type file struct {
	Agencies       []fileAgency       `json:"agencies"`
	Municipalities []fileMunicipality `json:"municipalities"`
}

type fileAgency struct {
	Agency           string            `json:"agency"`
	Kind             string            `json:"kind"`
	Names            map[string]string `json:"names"`
	ShortNames       map[string]string `json:"shortNames"`
	Units            []fileUnit        `json:"units"`
	NoConsentProfile string            `json:"noConsentProfile"`
	Graces           *fileGraces       `json:"graces"`
	Callback         *fileCallback     `json:"callback"`
	DutyPhone        string            `json:"dutyPhone"`
	EmergencyPhone   string            `json:"emergencyPhone"`
	Reading          string            `json:"reading"`

	UrgencyDefinitions map[string]map[string]string `json:"urgencyDefinitions"`
	SupportNeeds       map[string]fileNeed          `json:"supportNeeds"`
	FourField          *fileFourField               `json:"fourField"`
	ChildWelfare       *fileChildWelfare            `json:"childWelfare"`
	OnBehalfOf         []fileOnBehalf               `json:"onBehalfOf"`
}

type fileUnit struct {
	Unit           string            `json:"unit"`
	Kind           string            `json:"kind"`
	Names          map[string]string `json:"names"`
	ShortNames     map[string]string `json:"shortNames"`
	Municipalities []string          `json:"municipalities"`
	Languages      []string          `json:"languages"`
	ServiceKeys    []string          `json:"serviceKeys"`
	Intake         bool              `json:"intake"`
	Duty           []fileDuty        `json:"duty"`
	Email          string            `json:"email"`
	Phone          string            `json:"phone"`
	PhoneHours     []filePhoneHours  `json:"phoneHours"`
	Address        string            `json:"address"`
	Area           string            `json:"area"`
	Reads          []string          `json:"reads"`
	Workers        []fileWorker      `json:"workers"`
	OnCall         *fileOnCall       `json:"onCall"`
}

type fileDuty struct {
	Week    string   `json:"week"`
	Workers []string `json:"workers"`
}

type fileGraces struct {
	Emergency         string `json:"emergency"`
	UrgentWorkingDays int    `json:"urgentWorkingDays"`
	NormalWorkingDays int    `json:"normalWorkingDays"`
}

var (
	keyForm          = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	weekForm         = regexp.MustCompile(`^[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])$`)
	municipalityForm = regexp.MustCompile(`^[0-9]{3}$`)
)

// Parse parses a directory. It refuses anything unknown, duplicate or incomplete, and names the place.
func Parse(text []byte) (*Directory, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var read file
	if err := decoder.Decode(&read); err != nil {
		switch {
		case errors.Is(err, io.EOF):
			err = errors.New("the file is empty")
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = errors.New("the file is truncated")
		}
		return nil, fmt.Errorf("directory: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("directory: there is content after the end")
	}
	if err := checkWords(text); err != nil {
		return nil, err
	}
	municipalities, err := checkMunicipalities(read.Municipalities)
	if err != nil {
		return nil, fmt.Errorf("directory: %w", err)
	}
	if len(read.Agencies) == 0 {
		return nil, errors.New("directory: no agencies")
	}
	agencies := map[string]Agency{}
	for i, entry := range read.Agencies {
		agency, err := entry.check()
		if err != nil {
			return nil, fmt.Errorf("directory: agencies[%d] %q: %w", i, entry.Agency, err)
		}
		if _, double := agencies[agency.Key]; double {
			return nil, fmt.Errorf("directory: agencies[%d] %q is listed twice", i, entry.Agency)
		}
		agencies[agency.Key] = agency
	}
	directory := &Directory{}
	directory.content.Store(&content{agencies, municipalities, areasOf(agencies)})
	return directory, nil
}

// checkWords refuses identity codes anywhere, because everybody can see the directory.
func checkWords(text []byte) error {
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("directory: %w", err)
	}
	if path := codeIn(all); path != "" {
		return fmt.Errorf("directory:%s contains what looks like an identity code", path)
	}
	return nil
}

// codeIn returns the path of a text with an identity code; empty if there is none.
func codeIn(value any) string {
	switch value := value.(type) {
	case string:
		if idcode.In(value) {
			return " a text"
		}
	case []any:
		for i, one := range value {
			if path := codeIn(one); path != "" {
				return fmt.Sprintf("[%d]%s", i, path)
			}
		}
	case map[string]any:
		for key, one := range value {
			if idcode.In(key) {
				return " a name"
			}
			if path := codeIn(one); path != "" {
				return "." + key + path
			}
		}
	}
	return ""
}

func (f fileAgency) check() (Agency, error) {
	agency := Agency{
		Key: f.Agency, Names: f.Names, ShortNames: f.ShortNames, Profile: Profile(f.NoConsentProfile), DutyPhone: f.DutyPhone, EmergencyPhone: f.EmergencyPhone,
	}
	agency.Kind = kindOf(f.Kind)
	switch {
	case !keyForm.MatchString(f.Agency):
		return agency, errors.New("the key must consist of lower-case letters, digits and hyphens")
	case agency.Kind == 0:
		return agency, fmt.Errorf("unknown kind %q", f.Kind)
	case agency.Profile != Minimal && agency.Profile != Necessary:
		return agency, fmt.Errorf("noConsentProfile must be MINIMAL or NECESSARY, not %q", f.NoConsentProfile)
	case len(f.Units) == 0:
		return agency, errors.New("no units")
	}
	if err := cmp.Or(
		checkNames(f.Names), checkShortNames(f.ShortNames), checkPhone("dutyPhone", f.DutyPhone), checkPhone("emergencyPhone", f.EmergencyPhone),
	); err != nil {
		return agency, err
	}
	var err error
	if agency.Graces, err = f.Graces.check(); err != nil {
		return agency, err
	}
	if agency.Callback, err = f.Callback.check(); err != nil {
		return agency, err
	}
	if agency.ByUnit, err = byUnit(f.Reading); err != nil {
		return agency, err
	}
	if agency.ChildWelfare, err = f.ChildWelfare.check(); err != nil {
		return agency, err
	}
	if agency.Definitions, err = f.definitions(); err != nil {
		return agency, err
	}
	seen, intakes := map[string]bool{}, 0
	for i, entry := range f.Units {
		unit, err := entry.check()
		if err != nil {
			return agency, fmt.Errorf("units[%d] %q: %w", i, entry.Unit, err)
		}
		if seen[unit.Key] {
			return agency, fmt.Errorf("units[%d] %q is listed twice", i, entry.Unit)
		}
		seen[unit.Key] = true
		unit.Kind, unit.Area = cmp.Or(unit.Kind, agency.Kind), cmp.Or(unit.Area, unit.Key)
		// A single unit receives everything that names no unit.
		unit.Intake = unit.Intake || len(f.Units) == 1
		if unit.Intake {
			intakes++
		}
		agency.Units = append(agency.Units, unit)
	}
	if intakes > 1 {
		return agency, errors.New("more than one intake unit")
	}
	if intakes == 0 && len(agency.Units) > 1 {
		return agency, errors.New("no intake unit: no unit would receive messages that are addressed to the agency")
	}
	if agency.OnBehalf, err = checkOnBehalf(f.OnBehalfOf, agency.Units); err != nil {
		return agency, err
	}
	return agency, cmp.Or(checkAreas(agency.Units), checkOnCall(agency.Units))
}

// kindOf returns the kind of a name such as "HEALTH_CARE"; unspecified for an unknown one.
func kindOf(name string) caseworkv1.AgencyKind {
	return caseworkv1.AgencyKind(caseworkv1.AgencyKind_value["AGENCY_KIND_"+name])
}

func (f fileUnit) check() (Unit, error) {
	unit := Unit{
		Key: f.Unit, Names: f.Names, Municipalities: f.Municipalities, Languages: f.Languages,
		ServiceKeys: f.ServiceKeys, Intake: f.Intake, Email: f.Email, ShortNames: f.ShortNames, Phone: f.Phone, Address: f.Address,
		Area: f.Area, Reads: f.Reads,
	}
	if !keyForm.MatchString(f.Unit) {
		return unit, errors.New("the key must consist of lower-case letters, digits and hyphens")
	}
	if unit.Kind = kindOf(f.Kind); unit.Kind == 0 && f.Kind != "" {
		return unit, fmt.Errorf("unknown kind %q", f.Kind)
	}
	if err := cmp.Or(checkNames(f.Names), checkShortNames(f.ShortNames)); err != nil {
		return unit, err
	}
	for _, code := range f.Municipalities {
		if !municipalityForm.MatchString(code) {
			return unit, fmt.Errorf("municipality %q must have three digits", code)
		}
	}
	if len(f.Languages) == 0 {
		return unit, errors.New("no languages")
	}
	for _, tag := range f.Languages {
		if _, err := language.Parse(tag); err != nil {
			return unit, fmt.Errorf("language %q is not a BCP 47 tag", tag)
		}
	}
	for _, key := range f.ServiceKeys {
		if !keyForm.MatchString(key) {
			return unit, fmt.Errorf("service key %q must consist of lower-case letters, digits and hyphens", key)
		}
	}
	if err := cmp.Or(checkEmail(f.Email), checkPhone("phone", f.Phone), checkAddress(f.Address), f.checkAreaKeys()); err != nil {
		return unit, err
	}
	var err error
	if unit.PhoneHours, err = phoneHours("unit", f.Phone, f.PhoneHours); err != nil {
		return unit, err
	}
	if unit.Duty, err = checkDuty(f.Duty); err != nil {
		return unit, err
	}
	if unit.OnCall, err = f.OnCall.check(); err != nil {
		return unit, err
	}
	unit.Workers, err = checkWorkers(f.Workers)
	return unit, err
}

// checkDuty parses a weekly roster, in which each week has a pair of workers.
func checkDuty(roster []fileDuty) (map[string][]string, error) {
	duty := map[string][]string{}
	for _, pair := range roster {
		_, double := duty[pair.Week]
		switch {
		case !weekForm.MatchString(pair.Week):
			return nil, fmt.Errorf("duty: week %q must have the form 2026-W48", pair.Week)
		case double:
			return nil, fmt.Errorf("duty: week %s is listed twice", pair.Week)
		case slices.ContainsFunc(pair.Workers, func(worker string) bool { return !idcode.IsSubject(worker) }):
			return nil, fmt.Errorf("duty: week %s: a worker must be named by a subject", pair.Week)
		case len(pair.Workers) != 2 || pair.Workers[0] == pair.Workers[1] || pair.Workers[0] == "" || pair.Workers[1] == "":
			return nil, fmt.Errorf("duty: week %s: two different workers must be on duty", pair.Week)
		}
		duty[pair.Week] = pair.Workers
	}
	return duty, nil
}

// checkNames requires a name in each language of the pages.
func checkNames(names map[string]string) error {
	for _, tag := range []string{"fi", "sv", "en"} {
		if names[tag] == "" {
			return fmt.Errorf("no name in %q", tag)
		}
	}
	return nil
}

func (f *fileGraces) check() (matter.Graces, error) {
	if f == nil {
		return matter.Graces{}, nil
	}
	graces := matter.Graces{UrgentWorkingDays: f.UrgentWorkingDays, NormalWorkingDays: f.NormalWorkingDays}
	if f.UrgentWorkingDays < 0 || f.NormalWorkingDays < 0 {
		return graces, errors.New("graces must not be negative")
	}
	if f.Emergency == "" {
		return graces, nil
	}
	var err error
	if graces.Emergency, err = time.ParseDuration(f.Emergency); err != nil || graces.Emergency <= 0 {
		return graces, fmt.Errorf("grace %q must be a duration such as 1h", f.Emergency)
	}
	return graces, nil
}
