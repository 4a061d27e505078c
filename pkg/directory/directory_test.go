package directory_test

import (
	"os"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

const good = `{"agencies":[{"agency":"kela","kind":"BENEFITS","names":{"fi":"K","sv":"F","en":"S"},` +
	`"units":[{"unit":"a","names":{"fi":"A","sv":"A","en":"A"},"languages":["fi"],"municipalities":["297"],"intake":true}],` +
	`"noConsentProfile":"MINIMAL","graces":{"emergency":"30m","normalWorkingDays":5}}]}`

func TestParse(t *testing.T) {
	d, err := directory.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	kela, ok := d.Agency("kela")
	if !ok || kela.Graces.NormalWorkingDays != 5 || d.Intake("kela") != "a" || kela.Profile != directory.Minimal {
		t.Errorf("%+v", kela)
	}
	for name, change := range map[string][2]string{
		"unknown key": {`"kind"`, `"sort":1,"kind"`}, "unknown kind": {"BENEFITS", "BANK"}, "no Swedish name": {`"sv":"F",`, ``},
		"profile": {"MINIMAL", "ALL"}, "municipality": {`"297"`, `"29"`}, "language": {`["fi"]`, `["!"]`}, "key": {`"kela"`, `"Kela 1"`},
		"grace": {"30m", "soon"}, "week": {`"intake"`, `"duty":[{"week":"48","workers":["x","y"]}],"intake"`},
		"no pair": {`"intake"`, `"duty":[{"week":"2026-W48","workers":["x"]}],"intake"`}, "one twice": {`"intake"`, `"duty":[{"week":"2026-W48","workers":["x","x"]}],"intake"`},
		"a code in a name": {`"fi":"K"`, `"fi":"K 010594-Y9032"`}, "a code for a key": {`"unit":"a"`, `"unit":"010594y9032"`},
		"no subject":  {`"intake"`, `"duty":[{"week":"2026-W48","workers":["x","y z"]}],"intake"`},
		"two intakes": {`"noConsentProfile"`, `"x":1,"noConsentProfile"`}, "trailing": {`}]}`, `}]} x`}, "no units": {`"units":[`, `"units":[],"x":[`},
	} {
		if _, err := directory.Parse([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	agency := strings.TrimSuffix(strings.TrimPrefix(good, `{"agencies":[`), `]}`)
	double := `{"agencies":[` + agency + "," + agency + `]}`
	if _, err := directory.Parse([]byte(double)); err == nil {
		t.Error("an agency that is listed twice is accepted")
	}
}

func TestCheck(t *testing.T) {
	d, err := directory.Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for _, party := range []*commonv1.Party{nil, {}, {Agency: "x"}, {Agency: "kela", Unit: "x"}} {
		if err := d.Check(party, "receiver"); fault.ReasonOf(err) != fault.UnknownParty {
			t.Errorf("%v: %v", party, err)
		}
	}
	if err := d.Check(&commonv1.Party{Agency: "kela", Unit: "a"}, "receiver"); err != nil {
		t.Error(err)
	}
}

func TestScenariosDirectory(t *testing.T) {
	text, err := os.ReadFile("../../deploy/config/directory.json")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := directory.Parse(text); err != nil || len(d.Agencies()) != 5 {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = directory.Parse(text) })
}
