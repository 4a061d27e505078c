package grounds

import (
	"fmt"
	"strings"
	"time"

	"koppi.internal/pkg/ground"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// acts are the names of the acts that provisions cite.
var acts = map[string]string{
	"417/2007":  "Child Welfare Act (lastensuojelulaki)",
	"434/2003":  "Administrative Procedure Act (hallintolaki)",
	"621/1999":  "Act on the Openness of Government Activities (julkisuuslaki)",
	"679/2016":  "General Data Protection Regulation, (EU) 2016/679",
	"703/2023":  "Act on the Processing of Client Data in Healthcare and Social Welfare (asiakastietolaki)",
	"1285/2016": "Youth Act (nuorisolaki)",
	"1301/2014": "Social Welfare Act (sosiaalihuoltolaki)",
	"1412/1997": "Act on Social Assistance (laki toimeentulotuesta)",
}

var kinds = map[caseworkv1.AgencyKind]string{
	caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES: "social services",
	caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS:        "benefits (Kela)",
	caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE:     "health care",
	caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK:      "outreach youth work",
	caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT:      "employment services",
}

var messages = map[string]string{
	"concern":                        "a concern report",
	"referral/REFERRAL_KIND_SERVICE": "a referral to a service",
	"referral/REFERRAL_KIND_APPLICATION_TRANSFER": "a moved application",
	"referral/REFERRAL_KIND_DECISION_NOTICE":      "a notice of a decision",
	"referral/REFERRAL_KIND_DOCUMENTS":            "documents",
	"consultation":                                "a consultation",
	"consultation/invitation":                     "an invitation to a consultation",
	"plan":                                        "a shared plan",
	"plan/invitation":                             "an invitation to a shared plan",
}

var legalGrounds = map[commonv1.LegalGround]string{
	commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT:         "the client's consent",
	commonv1.LegalGround_LEGAL_GROUND_STATUTORY_NOTIFICATION: "a notification that the law provides for, without the client's consent",
	commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS:       "a right to the information, or a duty to give it, by law",
	commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA:       "nobody being identified",
}

var contents = map[commonv1.ContentProfile]string{
	ground.Identification: "Only who the client is and how to reach the client: no topics, no words and no attachments. The message is recorded as urgent, because the provision itself asks for no delay.",
	ground.Topics:         "Who the client is, how to reach the client, topics and urgency: no words and no attachments.",
	ground.Necessary:      "What the receiver must know and nothing else: topics, urgency, words and attachments.",
	ground.Whole:          "Everything that the message can hold: topics, urgency, words and attachments.",
}

const profile = " In a concern report, a sender whose agency has the profile MINIMAL in the directory names topics and urgency at most."

var prohibitions = map[commonv1.ProhibitionEffect]string{
	ground.Stops:    "The message is not sent, unless a second officer of the sender has approved an override.",
	ground.Recorded: "The message is sent nevertheless. The client sees that it was sent, and on which provision.",
}

var countings = map[ground.CountsFrom]string{
	ground.Sending: "the day of sending", ground.Arrival: "the day on which the application arrived at the sender",
}

var languages = []struct{ tag, name string }{{"fi", "Finnish"}, {"sv", "Swedish"}, {"en", "English"}}

// listed joins texts as a sentence does.
func listed(texts []string, last string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " " + last + " " + texts[len(texts)-1]
}

func kindsIn(all []caseworkv1.AgencyKind, last string) string {
	names := make([]string, len(all))
	for i, kind := range all {
		names[i] = kinds[kind]
	}
	return listed(names, last)
}

func messagesIn(all []string) string {
	names := make([]string, len(all))
	for i, message := range all {
		names[i] = messages[message]
	}
	return listed(names, "or")
}

// date writes a day such as "2026-11-30" as "30 November 2026".
func date(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format("2 January 2006")
}

// period writes when something holds. Until is the first day on which it does not.
func period(from, until string) string {
	if until == "" {
		return "from " + date(from) + " on"
	}
	at, err := time.Parse(time.DateOnly, until)
	if err != nil {
		return until
	}
	return "from " + date(from) + " to " + at.AddDate(0, 0, -1).Format("2 January 2006")
}

// ordinal writes which working day it is.
func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
		return fmt.Sprintf("%dth", n)
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

// capital begins a text with a capital letter.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
