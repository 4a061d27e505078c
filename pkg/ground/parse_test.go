package ground_test

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"

	"koppi.internal/pkg/ground"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Each refusal names the place.
func TestParseRefuses(t *testing.T) {
	type due = map[string]any
	limit := func(change func(due)) due {
		all := due{"receivers": []string{"SOCIAL_SERVICES"}, "workingDays": 7, "urgentWorkingDays": 1, "countsFrom": "SENDING", "provision": "1412/1997 § 14 a.1", "urgentProvision": "1412/1997 § 14 b"}
		change(all)
		return all
	}
	const notification, application = "grounds[10] (shl-35-2): ", "grounds[17] (ttl-14c): "
	for _, test := range []struct {
		path  string
		value any
		want  string
	}{
		{"sort", 1, "sort: unknown column"},
		{"acceptWithoutKey", absent{}, "acceptWithoutKey: must be true or false"},
		{"acceptWithoutKey", nil, "acceptWithoutKey: must be true or false"},
		{"acceptWithoutKey", "yes", "acceptWithoutKey: must be another kind of value than this string"},
		{"attestations.interestOfChild", absent{}, `attestations.interestOfChild: the text in "fi" is missing`},
		{"attestations.interestOfChild.sv", "", `attestations.interestOfChild: the text in "sv" is missing`},
		{"attestations.mood", map[string]string{"fi": "a", "sv": "b", "en": "c"}, "attestations.mood: unknown attestation"},
		{"grounds", []any{}, "grounds: no rows"},
		{"grounds", "all", "grounds: must be another kind of value than this string"},
		{"grounds.shl-35-2.sort", 1, notification + "sort: unknown column"},
		{"grounds.shl-35-2.Content", "WHOLE", notification + "Content: unknown column"},
		{"grounds.shl-35-2.attest", []string{"interestOfChild"}, notification + "attest[0]: must be another kind of value than this string"},
		{"grounds.shl-35-2.attest", [][]string{{}}, notification + "attest: group 0 is empty"},
		{"grounds.shl-35-2.attest", [][]string{{"consent_unobtainable"}}, notification + `attest: unknown attestation "consent_unobtainable"`},
		{"grounds.shl-35-2.attest", [][]string{{"interestOfChild"}, {"interestOfChild"}}, notification + "attest: interestOfChild is listed twice"},
		{"grounds.shl-35-2.key", "SHL 35", "grounds[10]: key: must consist of 1 to 63 lower-case letters"},
		{"grounds.shl-35-2.key", "-shl", "grounds[10]: key: "},
		{"grounds.shl-35-2.key", strings.Repeat("a", 64), "grounds[10]: key: "},
		{"grounds.shl-35-2.key", absent{}, "grounds[10]: key: "},
		{"grounds.shl-35-2.key", 7, "grounds[10]: key: must be another kind of value than this number"},
		{"grounds.shl-35-2.key", "shl-35-1", "grounds[10] (shl-35-1): from: the period overlaps that of grounds[1] (shl-35-1)"},
		{"grounds.shl-35-2.ground", "LEGAL_GROUND_STATUTORY_NOTIFICATION", notification + `ground: unknown ground "LEGAL_GROUND_STATUTORY_NOTIFICATION"`},
		{"grounds.shl-35-2.ground", "UNSPECIFIED", notification + "ground: unknown ground"},
		{"grounds.shl-35-2.ground", "STATUTORY_ACCESS", notification + "messages: a concern goes on consent or by notification"},
		{"grounds.shl-35-2.ground", "NO_PERSONAL_DATA", notification + "messages[0]: only a consultation has no client"},
		{"grounds.shl-35-2.ground", "CLIENT_CONSENT", notification + "prohibition: a prohibition always stops what goes on consent"},
		{"grounds.anonymous.maxAge", 28, "grounds[23] (anonymous): maxAge: there is no client whose age could be known"},
		{"grounds.shl-35-2.provision", absent{}, notification + "provision: is missing"},
		{"grounds.shl-35-2.provision", "SHL 35", notification + `provision: "SHL 35" is not a provision`},
		{"grounds.anonymous.provision", "679/2016 art. 4(1)", "grounds[23] (anonymous): provision: "},
		{"grounds.shl-35-2.senders", []string{}, notification + "senders: none"},
		{"grounds.shl-35-2.senders", []string{"BENEFITS", "BANK"}, notification + `senders[1]: unknown kind "BANK"`},
		{"grounds.shl-35-2.senders", []string{"BENEFITS", "BENEFITS"}, notification + "senders[1]: BENEFITS is listed twice"},
		{"grounds.shl-35-2.receivers", []string{"UNSPECIFIED"}, notification + `receivers[0]: unknown kind "UNSPECIFIED"`},
		{"grounds.shl-35-2.receivers", []string{}, notification + "receivers: none, and only a plan has no receiver"},
		{"grounds.shl-39-1.receivers", []string{"HEALTH_CARE"}, "grounds[0] (shl-39-1): receivers: a plan has no receiver"},
		{"grounds.shl-35-2.messages", nil, notification + "messages: none"},
		{"grounds.shl-35-2.messages", []string{"concern", "referral/SERVICE"}, notification + `messages[1]: unknown message "referral/SERVICE"`},
		{"grounds.shl-35-2.messages", []string{"concern", "concern"}, notification + "messages[1]: concern is listed twice"},
		{"grounds.consent.messages", []string{transfer}, "grounds[9] (consent): messages: " + transfer + " never goes on consent"},
		{"grounds.shl-35-2.maxAge", 0, notification + "maxAge: must be from 1 to 120"},
		{"grounds.shl-35-2.maxAge", 121, notification + "maxAge: must be from 1 to 120"},
		{"grounds.shl-35-2.maxAge", 1.5, notification + "maxAge: must be another kind of value than this number"},
		{"grounds.shl-35-2.content", "ALL", notification + `content: must be IDENTIFICATION, TOPICS, NECESSARY or WHOLE, not "ALL"`},
		{"grounds.shl-35-2.content", absent{}, notification + "content: "},
		{"grounds.shl-35-2.prohibition", "PASSES", notification + `prohibition: must be STOPS or RECORDED, not "PASSES"`},
		{"grounds.shl-35-2.general", true, notification + "general: only a ground on consent can be general"},
		{"grounds.shl-40-1.general", true, "grounds[9] (consent): general: grounds[2] (shl-40-1) is general in the same period"},
		{"grounds.shl-35-2.duty", "yes", notification + "duty: must be another kind of value than this string"},
		{"grounds.shl-35-2.due", limit(func(due) {}), notification + "due: only " + transfer + " has a due time by its ground"},
		{"grounds.ttl-14c.due", limit(func(d due) { delete(d, "provision") }), application + "due: provision: is missing"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["provision"] = "soon" }), application + "due: provision: "},
		{"grounds.ttl-14c.due", limit(func(d due) { delete(d, "urgentProvision") }), application + "due: urgentProvision: is missing"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["receivers"] = []string{} }), application + "due: receivers: none"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["receivers"] = []string{"BANK"} }), application + `due: receivers[0]: unknown kind "BANK"`},
		{"grounds.ttl-14c.due", limit(func(d due) { d["receivers"] = []string{"HEALTH_CARE"} }), application + "due: receivers: must be among the receivers of the row"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["workingDays"] = 0 }), application + "due: workingDays: must be from 1 to 250"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["workingDays"] = 251 }), application + "due: workingDays: "},
		{"grounds.ttl-14c.due", limit(func(d due) { delete(d, "urgentWorkingDays") }), application + "due: urgentWorkingDays: must be from 1 to workingDays"},
		{"grounds.ttl-14c.due", limit(func(d due) { d["urgentWorkingDays"] = 8 }), application + "due: urgentWorkingDays: "},
		{"grounds.ttl-14c.due", limit(func(d due) { d["countsFrom"] = "NOW" }), application + `due: countsFrom: must be SENDING or ARRIVAL, not "NOW"`},
		{"grounds.ttl-14c.due", limit(func(d due) { d["days"] = 7 }), application + "due.days: unknown column"},
		{"grounds.shl-35-2.from", absent{}, notification + "from: is missing"},
		{"grounds.shl-35-2.from", "1.4.2015", notification + `from: "1.4.2015" is not a day`},
		{"grounds.shl-35-2.from", "2015-02-29", notification + "from: "},
		{"grounds.shl-35-2.until", "2027", notification + `until: "2027" is not a day`},
		{"grounds.shl-35-2.until", "2015-04-01", notification + "until: must be after from"},
		{"grounds.shl-35-2.source", absent{}, notification + "source: is missing"},
		{"grounds.shl-35-2.doubts", "a\nb", notification + "doubts: must be one line"},
		{"grounds.shl-35-2.reviewed", map[string]string{"on": "2026-11-02"}, notification + "reviewed: by: is missing"},
		{"grounds.shl-35-2.reviewed", map[string]string{"by": "A. Lawyer"}, notification + "reviewed: on: is missing"},
		{"grounds.shl-35-2.reviewed", true, notification + "reviewed: must be another kind of value than this "},
		{"grounds.shl-35-2.names.fi", absent{}, notification + `names: the text in "fi" is missing`},
		{"grounds.shl-35-2.names.sv", "", notification + `names: the text in "sv" is missing`},
		{"grounds.shl-35-2.names.en", " a", notification + `names: the text in "en" must be one line`},
		{"grounds.shl-35-2.names.se", "a", notification + `names: unknown language "se"`},
		{"grounds.shl-35-2.client", absent{}, notification + `client: the text in "fi" is missing`},
		{"grounds.shl-35-2.client.en", absent{}, notification + `client: the text in "en" is missing`},
		{"grounds.shl-35-2.client.sv", "{{nobody}}", notification + `client: the text in "sv" has a placeholder other than`},
		{"grounds.consent.key", "agreed", `acceptWithoutKey: needs a row "consent"`},
		{"grounds.anonymous.key", "nobody", `acceptWithoutKey: needs a row "anonymous"`},
		{"grounds.shl-35-2.source", "from 010594-Y9032", notification + "source: contains what looks like an identity code"},
		{"grounds.shl-35-2.key", "010594-y9032", "grounds[10]: key: contains what looks like an identity code"},
		{"grounds.shl-35-2.010594-Y9032", 1, "grounds[10] (shl-35-2): contains what looks like an identity code"},
		{"010594-Y9032", 1, "grounds: contains what looks like an identity code"},
	} {
		all := decoded(t)
		set(t, all, test.path, test.value)
		table, err := ground.Parse(encoded(t, all))
		if err == nil || table != nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s = %v: %v, want %s", test.path, test.value, err, test.want)
		}
	}
}

func TestParseRefusesBrokenFiles(t *testing.T) {
	good := string(configured(t))
	for name, test := range map[string]struct{ text, want string }{
		"empty":                       {" \n", "grounds: the file is empty"},
		"truncated":                   {good[:len(good)/2], "grounds: the file is truncated"},
		"trailing":                    {good + "x", "grounds: line "},
		"broken":                      {strings.Replace(good, `"key": "shl-39-1",`, `"key" "shl-39-1",`, 1), "grounds: line 42 is not valid JSON"},
		"twice":                       {strings.Replace(good, `"key": "shl-39-1",`, `"key": "shl-39-1", "key": "b",`, 1), "grounds[0] (b): key: is listed twice"},
		"no object":                   {`[]`, "grounds: must be another kind of value than this "},
		"UTF-8":                       {strings.Replace(good, "Suostuit siihen.", "\xff", 1), "grounds: line "},
		"a code in what is not valid": {`{"a": "010594-Y9032", "a"`, "a: contains what looks like an identity code"},
	} {
		if _, err := ground.Parse([]byte(test.text)); err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "Y9032") {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// Without requests that lack a key, the rows that hold for them may be missing.
func TestParseWithoutKeylessRows(t *testing.T) {
	table := changed(t, map[string]any{"acceptWithoutKey": false, "grounds.consent.key": "agreed"})
	if table.AcceptsWithoutKey() {
		t.Error("requests without a key are accepted")
	}
	all := decoded(t)
	set(t, all, "grounds.consent.key", "agreed")
	set(t, all, "grounds.hl-21.key", "consent")
	if _, err := ground.Parse(encoded(t, all)); err == nil || !strings.HasPrefix(err.Error(), "grounds[18] (consent): ground: must be CLIENT_CONSENT") {
		t.Error(err)
	}
}

// Provisions have the form that the contract requires of them.
func TestProvisionFormIsTheContracts(t *testing.T) {
	options := commonv1.E_Provision.TypeDescriptor().Options()
	rule, ok := proto.GetExtension(options, validate.E_Predefined).(*validate.PredefinedRules)
	if !ok || len(rule.GetCel()) != 1 {
		t.Fatalf("the contract has no rule for provisions: %v", options)
	}
	if want := "!rule || this == '' || (this + ', ').matches(r'" + ground.ProvisionForm + "')"; rule.GetCel()[0].GetExpression() != want {
		t.Errorf("the contract's rule is\n%s, want\n%s", rule.GetCel()[0].GetExpression(), want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(configured(f))
	f.Add([]byte(`{"acceptWithoutKey":false,"attestations":{},"grounds":[{"key":"a"}]}`))
	f.Add([]byte(`{"grounds":[{"key":"010594-Y9032"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := ground.Parse(text)
		if err != nil {
			if bytes.Contains([]byte(err.Error()), []byte("Y9032")) {
				t.Errorf("the refusal repeats an identity code: %v", err)
			}
			return
		}
		for _, row := range table.Rows() {
			if found, ok := table.Find(row.Key, day(row.From)); !ok || found.From != row.From {
				t.Errorf("%s is not in force on its first day", row.Key)
			}
		}
		table.Check(today)
	})
}
