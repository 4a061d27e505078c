// Package disclosure compares the disclosure rules with one page, which a lawyer reviews.
package disclosure

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/command/rulestest"
	"koppi.internal/pkg/matter"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
	"koppi.internal/services/concern"
	"koppi.internal/services/consultation"
	"koppi.internal/services/plan"
	"koppi.internal/services/referral"
)

const head = `# Disclosure

This page has one table for each of the four services: the rules by which Koppi withholds information from a reader, and the result
for each event and reader. The tables are generated from the rules in the code (go test ./deploy/disclosure -update). A test
compares them with the rules, and checks that the removal of any single rule changes the page.

A cell states whether the worker or only the agency that acted is disclosed to the reader, and then the disclosed fields. After "not"
follow the withheld fields with the key of the rule, which is disclosed too. "–" means that the event is not disclosed. What a reader is
shown of a matter later (its state, turn and due time) is computed only from what was disclosed to it.

## Within an agency, and names

The tables say what an agency is told. Which of its people read it (703/2023 §§ 9–11), by the directory:

| reader | reads | takes steps |
| --- | --- | --- |
| the agency's system, acting for no worker | all that the agency is told | yes |
| a worker of an agency whose people read as a whole | all that the agency is told | as the rules of the matter allow |
| a worker of an agency whose people read by unit | matters in which a unit of the worker's area, or of an area that the unit reads, has a part | as the rules of the matter allow |
| the same, named in the matter as who handles it now | that matter | as the rules of the matter allow |
| the same, on the roster of a unit | what that unit reads, from that Monday to the end of the week after | as the rules of the matter allow |
| the same, in an emergency reading | for 24 hours, one client's matters in units of the reader's own kind; contact data under a non-disclosure stay hidden | no |
| the same, otherwise | nothing: the matter, its client and its case are as if they did not exist | no |

| who looks | a worker's name, title and telephone |
| --- | --- |
| a colleague of the worker's agency | shown |
| another agency that is told of the worker | shown; of an unnamed worker the key alone |
| the client who is told of the worker | shown; of an unnamed worker the unit instead |
| the client, in the access log | name of who read or changed, in social services, health care and benefits (703/2023 § 11), else the unit; of an unnamed worker the unit, and that the name is withheld |
| the client, of an emergency reading | reason and verdict; never explanation or note |

`

// part is a service's section of the page, and its rules that a test can remove.
type part struct {
	service     string
	section     func(testing.TB) string
	texts       func() []rulestest.Text
	textSection func() string
	disclosures []matter.Disclosure
	disclosed   map[string][]matter.Audience
}

// of returns the part of a service, whose subjects begin with the given event.
func of[S matter.State](t *testing.T, rules command.Rules[S], start proto.Message, readers []rulestest.Reader, files ...protoreflect.FileDescriptor) part {
	var none S
	view := rules.Evolve(none, matter.Event{
		Subject: "x/1", Message: start, By: &commonv1.Party{Agency: "sender", Unit: "u", Worker: "w"}, At: due.Add(-time.Hour),
		// With terms, a consent does not cover feedback: the page shows how a reporter begins to hear.
		Basis: &commonv1.LegalBasis{Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Terms: &commonv1.GroundTerms{}},
	})
	for _, event := range rulestest.Events(t, files...) {
		if scheduled, is := event.(*commonv1.AppointmentScheduled); is {
			// A result is told of an appointment that the reader was shown.
			view = rules.Evolve(view, matter.Event{Subject: "x/1", Message: scheduled, By: &commonv1.Party{Agency: "receiver", Unit: "u", Worker: "w"}, At: due.Add(-time.Hour)})
		}
	}
	files = append(files, commonv1.File_koppi_common_v1_contact_proto)
	events := slices.DeleteFunc(rulestest.Events(t, append(files, commonv1.File_koppi_common_v1_withdrawal_proto, commonv1.File_koppi_common_v1_revocation_proto)...), func(m proto.Message) bool {
		_, part := m.(*commonv1.Revocation)
		return part
	})
	disclosed := rulestest.Disclosed[S]{Rules: rules, Events: events, Readers: readers, View: view}
	return part{rules.Service, disclosed.Section, disclosed.Texts, disclosed.TextSection, rules.Disclosures, rules.Disclosed}
}

// due is the due time in the events of the page.
var due = time.Unix(1_800_000_000, 0)

func reader(name, agency string, role matter.Role, consent bool) rulestest.Reader {
	return rulestest.Reader{Name: name, Reader: matter.Reader{Agency: agency, Role: role, Consent: consent}}
}

// reporter returns the reporter of a concern, who hears how it goes on or does not.
func reporter(name string, hears bool) rulestest.Reader {
	one := reader(name, "sender", matter.RoleSender, hears)
	one.HearsBack = hears
	return one
}

// withdrawn returns a reader whose right rested on a consent that was withdrawn.
func withdrawn(agency string, role matter.Role) rulestest.Reader {
	one := reader("consent withdrawn", agency, role, false)
	one.OnConsent = true
	return one
}

// leftByWithdrawal returns a member of a plan on duty that left as its own consent was withdrawn, and is
// told of that withdrawal or of another's.
func leftByWithdrawal(name string, own bool) rulestest.Reader {
	one := reader(name, "receiver", matter.RoleParticipant, false)
	one.OnConsent, one.Share, one.Left = true, "receiver/1", true
	one.Kind = func(m proto.Message) {
		if withdrawn, is := m.(*commonv1.ConsentWithdrawn); is && own {
			withdrawn.Holders = append(withdrawn.Holders, "receiver")
		}
	}
	return one
}

func parts(t *testing.T) []part {
	receiver, at := &commonv1.Party{Agency: "receiver", Unit: "u"}, timestamppb.New(due)
	client := reader("client", "", matter.RoleClient, false)
	invited := reader("invited by it", "newcomer", matter.RoleParticipant, true)
	invited.Fresh = true
	notified := reader("receiver of a decision notice, statutory access", "receiver", matter.RoleReceiver, true)
	notified.Ground = commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS
	notified.Kind = func(m proto.Message) {
		if sent, ok := m.(*referralv1.ReferralSent); ok {
			sent.Kind = referralv1.ReferralKind_REFERRAL_KIND_DECISION_NOTICE
		}
	}
	return []part{
		of(t, concern.Rules(), &concernv1.ConcernSubmitted{Receiver: receiver, DueAt: at}, []rulestest.Reader{
			reader("receiver", "receiver", matter.RoleReceiver, true), reader("receiver, no consent", "receiver", matter.RoleReceiver, false),
			reporter("reporter, consent", true), reporter("reporter, no consent", false), client,
		}, concernv1.File_koppi_concern_v1_events_proto, commonv1.File_koppi_common_v1_appointment_proto),
		of(t, referral.Rules(), &referralv1.ReferralSent{Receiver: receiver, DueAt: at}, []rulestest.Reader{
			reader("receiver", "receiver", matter.RoleReceiver, true), notified, reader("sender", "sender", matter.RoleSender, true),
			reader("first sender", "first", matter.RoleParticipant, true), withdrawn("receiver", matter.RoleReceiver), client,
		}, referralv1.File_koppi_referral_v1_events_proto),
		of(t, consultation.Rules(), &consultationv1.ConsultationOpened{Addressee: receiver}, []rulestest.Reader{
			reader("asker", "sender", matter.RoleSender, true), reader("answerer", "receiver", matter.RoleReceiver, true),
			reader("participant", "third", matter.RoleParticipant, true), invited, withdrawn("receiver", matter.RoleReceiver), client,
		}, consultationv1.File_koppi_consultation_v1_events_proto),
		of(t, plan.Rules(), &planv1.PlanCreated{Responsible: receiver}, []rulestest.Reader{
			reader("creator", "sender", matter.RoleSender, true), reader("member", "receiver", matter.RoleParticipant, true), invited, withdrawn("receiver", matter.RoleParticipant),
			leftByWithdrawal("left by its withdrawal", true), leftByWithdrawal("left by an earlier one", false), client,
		}, planv1.File_koppi_plan_v1_events_proto),
	}
}

func written(t *testing.T, parts []part) string {
	t.Helper()
	text := head
	for i, part := range parts {
		if i > 0 {
			text += "\n"
		}
		text += part.section(t)
	}
	return text
}

const textsHead = `
# Recipients of texts

Every text of an event that can reach a reader other than its author, as the .proto classifies it (koppi.common.v1.TextClass): a key
is looked up, a closed form has no room for a sentence, and free text is listed with each reader that it reaches. Fields without a row
reach no reader. The rows are generated from the descriptors. A snapshot is listed with all fields of its matter; those that are computed
for one reader at a reading, such as client_status, which the client alone reads, are empty in every snapshot.
`

func TestPage(t *testing.T) {
	parts := parts(t)
	text := written(t, parts) + textsHead
	for _, part := range parts {
		text += "\n## " + strings.ToUpper(part.service[:1]) + part.service[1:] + part.textSection()
	}
	rulestest.Golden(t, "disclosure.md", text)
}

// Every rule has an effect: its removal discloses more to a reader or changes what is shown, and so
// changes the page.
func TestEachRuleHasEffect(t *testing.T) {
	parts := parts(t)
	cells := func() string {
		var all []string
		for line := range strings.Lines(written(t, parts)) {
			// The list of the rules is skipped, because it changes with any of them.
			if !strings.Contains(line, "/") || strings.Contains(line, "from ") {
				all = append(all, line)
			}
		}
		return strings.Join(all, "")
	}
	whole := cells()
	for _, part := range parts {
		for i, rule := range part.disclosures {
			for j, audience := range rule.To {
				part.disclosures[i].To = slices.Delete(slices.Clone(rule.To), j, j+1)
				if cells() == whole {
					t.Errorf("the page does not change if %s.%s (%s) is no longer withheld from %s", rule.Event, rule.Field, rule.Key, audience)
				}
				part.disclosures[i].To = rule.To
			}
		}
		for event, audiences := range part.disclosed {
			for j, audience := range audiences {
				part.disclosed[event] = slices.Delete(slices.Clone(audiences), j, j+1)
				if cells() == whole {
					t.Errorf("the page does not change if %s is disclosed or withheld from %s", event, audience)
				}
				part.disclosed[event] = audiences
			}
		}
	}
	if cells() != whole {
		t.Fatal("the test leaves the rules changed")
	}
}
