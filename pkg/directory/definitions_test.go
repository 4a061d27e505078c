package directory_test

import (
	"fmt"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// definedFile is a directory of one agency with more fields, and more at the top.
func definedFile(agency, top string) string {
	const names = `"names":{"fi":"A","sv":"A","en":"A"}`
	return fmt.Sprintf(`{%s"agencies":[{"agency":"hva","kind":"SOCIAL_SERVICES",%s,"noConsentProfile":"NECESSARY"%s,"units":[{"unit":"u",%s,"languages":["fi"],"municipalities":["915","297"]}]}]}`,
		top, names, agency, names)
}

const defined = `{"fi":"F","sv":"S","en":"E"}`

// named is a municipality of the file.
func named(code string) string { return `{"code":"` + code + `","names":` + defined + `}` }

// What the file leaves out has the default words.
func TestDefinitions(t *testing.T) {
	d, err := directory.Parse([]byte(definedFile(
		`,"urgencyDefinitions":{"URGENT":`+defined+`},"supportNeeds":{"LIGHT":{"names":`+defined+`,"definitions":`+defined+`}},"childWelfare":{"phone":"017 1","url":"https://example.fi"}`,
		`"municipalities":[`+named("297")+`,`+named("444")+`],`)))
	if err != nil {
		t.Fatal(err)
	}
	agency, _ := d.Agency("hva")
	words := agency.Definitions
	if words.Urgency[commonv1.Urgency_URGENCY_URGENT]["sv"] != "S" || !strings.HasPrefix(words.Urgency[commonv1.Urgency_URGENCY_EMERGENCY]["fi"], "Henki") || len(words.Urgency) != 3 {
		t.Errorf("%v", words.Urgency)
	}
	light, special := words.Needs[concernv1.SupportNeed_SUPPORT_NEED_LIGHT], words.Needs[concernv1.SupportNeed_SUPPORT_NEED_SPECIAL]
	if light.Names["en"] != "E" || light.Texts["fi"] != "F" || special.Names["fi"] != "Erityinen tuki" || special.Texts["en"] == "" || len(words.Needs) != 4 {
		t.Errorf("%v", words.Needs)
	}
	if words.Support["fi"] != "Tuen määrä" || *agency.ChildWelfare != (directory.ChildWelfare{Phone: "017 1", URL: "https://example.fi"}) {
		t.Errorf("%+v %+v", words, agency.ChildWelfare)
	}
	// Another agency does not get these words.
	other, err := directory.Parse([]byte(definedFile("", "")))
	if err != nil {
		t.Fatal(err)
	}
	if plain, _ := other.Agency("hva"); plain.Definitions.Urgency[commonv1.Urgency_URGENCY_URGENT]["sv"] == "S" || plain.ChildWelfare != nil {
		t.Errorf("%+v", plain.Definitions)
	}
	served := d.Municipalities()
	if len(served) != 2 || served[0].Code != "297" || served[0].Names["fi"] != "F" || served[1].Code != "915" || served[1].Names != nil {
		t.Errorf("%v", served)
	}
}

func TestDefinitionsAreChecked(t *testing.T) {
	for file, want := range map[string]string{
		definedFile(`,"urgencyDefinitions":{"SOON":`+defined+`}`, ""):                                                                       `unknown urgency "SOON"`,
		definedFile(`,"urgencyDefinitions":{"UNSPECIFIED":`+defined+`}`, ""):                                                                `unknown urgency "UNSPECIFIED"`,
		definedFile(`,"urgencyDefinitions":{"URGENT":{"fi":"F"}}`, ""):                                                                      `urgencyDefinitions: URGENT: no name in "sv"`,
		definedFile(`,"supportNeeds":{"X":{"names":`+defined+`}}`, ""):                                                                      `unknown need "X"`,
		definedFile(`,"supportNeeds":{"LIGHT":{"names":`+defined+`,"definitions":{}}}`, ""):                                                 `supportNeeds: LIGHT`,
		definedFile(`,"fourField":{"support":`+defined+`}`, ""):                                                                             `fourField: difficulty`,
		definedFile(`,"fourField":{"support":`+strings.Replace(defined, "F", strings.Repeat("F", 501), 1)+`,"difficulty":`+defined+`}`, ""): `longer than 500`,
		definedFile(`,"childWelfare":{}`, ""):                                                                                               `name a phone, a url, or both`,
		definedFile(`,"childWelfare":{"phone":"call us"}`, ""):                                                                              `childWelfare.phone`,
		definedFile(`,"childWelfare":{"url":"http://example.fi"}`, ""):                                                                      `must begin with https://`,
		definedFile("", `"municipalities":[`+named("29")+`],`):                                                                              `"29" must have three digits`,
		definedFile("", `"municipalities":[{"code":"297","names":{"fi":"Kuopio"}}],`):                                                       `municipalities[0]: 297: no name in "sv"`,
		definedFile("", `"municipalities":[`+named("297")+`,`+named("297")+`],`):                                                            `297 is listed twice`,
	} {
		if _, err := directory.Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
