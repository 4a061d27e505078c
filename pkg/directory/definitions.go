package directory

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// maxDefinition is the longest definition, in characters.
const maxDefinition = 500

// Definitions are the words by which an agency judges: texts by language (fi, sv, en).
type Definitions struct {
	// Urgency defines each urgency, for whoever sends something to the agency.
	Urgency map[commonv1.Urgency]map[string]string
	// Needs names and defines the support needs, for the agency's own workers.
	Needs map[concernv1.SupportNeed]Need
	// Support and Difficulty name the axes of the four-field.
	Support, Difficulty map[string]string
}

// Need is what an agency calls a support need, and what it means by it. Texts is nil where the agency's file
// names the need and does not define it.
type Need struct{ Names, Texts map[string]string }

// ChildWelfare is where a child welfare notification is made.
type ChildWelfare struct{ Phone, URL string }

type fileNeed struct {
	Names       map[string]string `json:"names"`
	Definitions map[string]string `json:"definitions"`
}

type fileFourField struct {
	Support    map[string]string `json:"support"`
	Difficulty map[string]string `json:"difficulty"`
}

type fileChildWelfare struct {
	Phone string `json:"phone"`
	URL   string `json:"url"`
}

type fileMunicipality struct {
	Code  string            `json:"code"`
	Names map[string]string `json:"names"`
}

// defaultDefinitions hold for an agency whose file says nothing else.
var defaultDefinitions = Definitions{
	Urgency: map[commonv1.Urgency]map[string]string{
		commonv1.Urgency_URGENCY_EMERGENCY: {
			"fi": "Henki, terveys, turvallisuus tai koti on vaarassa tänään", "sv": "Liv, hälsa, trygghet eller hem är i fara i dag",
			"en": "Life, health, safety or home is in danger today",
		},
		commonv1.Urgency_URGENCY_URGENT: {
			"fi": "Sama uhkaa lähipäivinä, tai viikon odotus pahentaa tilannetta", "sv": "Samma sak hotar de närmaste dagarna, eller en veckas väntan gör läget värre",
			"en": "The same threatens within days, or a week's wait makes things worse",
		},
		commonv1.Urgency_URGENCY_NORMAL: {
			"fi": "Apua tarvitaan, eikä seitsemän arkipäivän odotus pahenna tilannetta", "sv": "Hjälp behövs, och sju vardagars väntan gör inte läget värre",
			"en": "Help is needed, and waiting seven working days does not make things worse",
		},
	},
	Needs: map[concernv1.SupportNeed]Need{
		concernv1.SupportNeed_SUPPORT_NEED_LIGHT: {
			Names: map[string]string{"fi": "Kevyt tuki", "sv": "Lätt stöd", "en": "Light support"},
			Texts: map[string]string{
				"fi": "Satunnainen tai kevyt tuki riittää", "sv": "Tillfälligt eller lätt stöd räcker", "en": "Occasional or light support is enough",
			},
		},
		concernv1.SupportNeed_SUPPORT_NEED_NETWORK: {
			Names: map[string]string{"fi": "Verkostopalaveri", "sv": "Nätverksmöte", "en": "Network meeting"},
			Texts: map[string]string{
				"fi": "Monta palvelua, ja kokonaisuus pysyy hallinnassa", "sv": "Många tjänster, och helheten hålls samman",
				"en": "Many services, and all of it under control",
			},
		},
		concernv1.SupportNeed_SUPPORT_NEED_SPECIAL: {
			Names: map[string]string{"fi": "Erityinen tuki", "sv": "Särskilt stöd", "en": "Special support"},
			Texts: map[string]string{
				"fi": "Tarvitsee paljon tukea, ja avun hakeminen ja saaminen itse on vaikeaa",
				"sv": "Behöver mycket stöd, och det är svårt att själv söka och få hjälp",
				"en": "Needs much support, and seeking and getting help alone is difficult",
			},
		},
		concernv1.SupportNeed_SUPPORT_NEED_SPECIAL_NOT_ENGAGED: {
			Names: map[string]string{"fi": "Erityinen tuki, yhteys puuttuu", "sv": "Särskilt stöd, ingen kontakt", "en": "Special support, no contact"},
			Texts: map[string]string{
				"fi": "Tarvitsee erityistä tukea, mutta ei ole kiinni palveluissa", "sv": "Behöver särskilt stöd men har ingen kontakt med tjänsterna",
				"en": "Needs special support, and is not engaged with the services",
			},
		},
	},
	Support:    map[string]string{"fi": "Tuen määrä", "sv": "Mängden stöd", "en": "Amount of support"},
	Difficulty: map[string]string{"fi": "Avun hakeminen ja saaminen itse", "sv": "Att själv söka och få hjälp", "en": "Seeking and getting help oneself"},
}

// definitions returns an agency's definitions, with the defaults for what its file leaves out.
func (f fileAgency) definitions() (Definitions, error) {
	made := Definitions{
		Urgency: maps.Clone(defaultDefinitions.Urgency), Needs: maps.Clone(defaultDefinitions.Needs), Support: defaultDefinitions.Support, Difficulty: defaultDefinitions.Difficulty,
	}
	for _, name := range slices.Sorted(maps.Keys(f.UrgencyDefinitions)) {
		urgency := commonv1.Urgency(commonv1.Urgency_value["URGENCY_"+name])
		if _, known := made.Urgency[urgency]; !known {
			return made, fmt.Errorf("urgencyDefinitions: unknown urgency %q", name)
		}
		if err := checkDefinition(f.UrgencyDefinitions[name]); err != nil {
			return made, fmt.Errorf("urgencyDefinitions: %s: %w", name, err)
		}
		made.Urgency[urgency] = f.UrgencyDefinitions[name]
	}
	for _, name := range slices.Sorted(maps.Keys(f.SupportNeeds)) {
		given, need := f.SupportNeeds[name], concernv1.SupportNeed(concernv1.SupportNeed_value["SUPPORT_NEED_"+name])
		if _, known := made.Needs[need]; !known {
			return made, fmt.Errorf("supportNeeds: unknown need %q", name)
		}
		err := checkDefinition(given.Names)
		if err == nil && given.Definitions != nil {
			err = checkDefinition(given.Definitions)
		}
		if err != nil {
			return made, fmt.Errorf("supportNeeds: %s: %w", name, err)
		}
		made.Needs[need] = Need{Names: given.Names, Texts: given.Definitions}
	}
	if f.FourField == nil {
		return made, nil
	}
	for axis, texts := range map[string]map[string]string{"support": f.FourField.Support, "difficulty": f.FourField.Difficulty} {
		if err := checkDefinition(texts); err != nil {
			return made, fmt.Errorf("fourField: %s: %w", axis, err)
		}
	}
	made.Support, made.Difficulty = f.FourField.Support, f.FourField.Difficulty
	return made, nil
}

// checkDefinition requires a text in each language of the pages, of a length that a page can show.
func checkDefinition(texts map[string]string) error {
	if err := checkNames(texts); err != nil {
		return err
	}
	for tag, text := range texts {
		if utf8.RuneCountInString(text) > maxDefinition {
			return fmt.Errorf("the text in %q is longer than %d characters", tag, maxDefinition)
		}
	}
	return nil
}

// check parses where a child welfare notification is made; nil stays nil.
func (f *fileChildWelfare) check() (*ChildWelfare, error) {
	if f == nil {
		return nil, nil
	}
	if f.Phone == "" && f.URL == "" {
		return nil, errors.New("childWelfare: name a phone, a url, or both")
	}
	if err := checkPhone("childWelfare.phone", f.Phone); err != nil {
		return nil, err
	}
	if parsed, err := url.Parse(f.URL); f.URL != "" && (err != nil || !strings.HasPrefix(f.URL, "https://") || parsed.Host == "") {
		return nil, fmt.Errorf("childWelfare: url %q must begin with https://", f.URL)
	}
	return &ChildWelfare{Phone: f.Phone, URL: f.URL}, nil
}

// checkMunicipalities returns the names of municipalities by code. Each has three digits and a name in each
// language, and is listed once.
func checkMunicipalities(listed []fileMunicipality) (map[string]map[string]string, error) {
	names := map[string]map[string]string{}
	for i, one := range listed {
		switch {
		case !municipalityForm.MatchString(one.Code):
			return nil, fmt.Errorf("municipalities[%d]: %q must have three digits", i, one.Code)
		case names[one.Code] != nil:
			return nil, fmt.Errorf("municipalities[%d]: %s is listed twice", i, one.Code)
		}
		if err := checkNames(one.Names); err != nil {
			return nil, fmt.Errorf("municipalities[%d]: %s: %w", i, one.Code, err)
		}
		names[one.Code] = one.Names
	}
	return names, nil
}

// Municipality is a municipality that a unit serves; Names is nil where the file does not name it.
type Municipality struct {
	Code  string
	Names map[string]string
}

// Municipalities returns those that any unit serves, by code.
func (d *Directory) Municipalities() []Municipality {
	served := map[string]bool{}
	for _, agency := range d.agencies() {
		for _, unit := range agency.Units {
			for _, code := range unit.Municipalities {
				served[code] = true
			}
		}
	}
	var all []Municipality
	for _, code := range slices.Sorted(maps.Keys(served)) {
		all = append(all, Municipality{code, d.content.Load().municipalities[code]})
	}
	return all
}
