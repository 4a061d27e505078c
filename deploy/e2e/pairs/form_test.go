package pairs

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/deploy/testkit"
	"koppi.internal/pkg/people"
)

// formed is a request of good form, with what is said put in.
func (p *pairing) formed(input protoreflect.MessageDescriptor, said map[string]any) map[string]any {
	body := map[string]any{}
	fields := input.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		if value, given := said[name]; given {
			body[field.JSONName()] = value
			continue
		}
		if field.ContainingOneof() != nil && field.ContainingOneof().Fields().Get(0) != field || skippedField(name) {
			continue
		}
		value := p.value(field, said)
		if field.IsList() {
			value = []any{value}
		}
		body[field.JSONName()] = value
	}
	return body
}

// skippedField names fields that a request is better without: they would refuse it before
// anything else is looked at, or are asked for by pages.
func skippedField(name string) bool {
	switch name {
	case "page_token", "page_size", "attachment_ids", "etag", "cursor", "case_id", "client_id", "matter_number", "resubmitted_as", "led_to", "takeover", "attestation", "application_arrived_on", "phone_hours":
		return true
	default:
		return false
	}
}

func (p *pairing) value(field protoreflect.FieldDescriptor, said map[string]any) any {
	name := string(field.Name())
	if field.Message() != nil {
		return p.message(field, said)
	}
	switch field.Kind() {
	case protoreflect.StringKind:
		return p.word(name)
	case protoreflect.EnumKind:
		if name == "ground" {
			return "LEGAL_GROUND_STATUTORY_NOTIFICATION"
		}
		return 1
	case protoreflect.BytesKind:
		return base64.StdEncoding.EncodeToString(make([]byte, 32))
	case protoreflect.BoolKind:
		return false
	case protoreflect.Int64Kind, protoreflect.Sint32Kind:
		return 1
	default:
		return 1
	}
}

func (p *pairing) word(name string) string {
	switch {
	case strings.HasSuffix(name, "_id"):
		return uuid.NewString()
	case strings.Contains(name, "month"):
		return p.b.now.AddDate(0, -1, 0).Format("2006-01")
	case name == "service", name == "services", name == "message":
		return "concern"
	case name == "sender" && !p.ofClient():
		// An agency records consents to what it sends itself.
		return p.agency(p.reader)
	case name == "receiver", name == "sender", name == "agency":
		return p.agency("t")
	case name == "personal_identity_code":
		return testkit.PersonCode(2 * p.set)
	case name == "media_type":
		return "application/pdf"
	case name == "consumer":
		return "reader"
	case name == "subject", name == "subjects":
		return "concerns/" + uuid.NewString()
	case name == "provision":
		return "1301/2014 § 35.1"
	case name == "unit":
		return "u1"
	case name == "phone":
		return "017 000 0003"
	case name == "profession":
		return "social_worker"
	case name == "week", name == "from_week":
		return people.WeekOf(p.b.now)
	case name == "from", name == "to":
		return p.b.now.Format(time.DateOnly)
	case name == "worker", name == "workers":
		return workerOf(p.reader, p.set, "1")
	case name == "municipality":
		return "297"
	case name == "papers", name == "paper_kind":
		return "lease"
	case name == "list":
		return "papers"
	case name == "language", name == "languages":
		return "fi"
	default:
		return "x"
	}
}

func (p *pairing) message(field protoreflect.FieldDescriptor, said map[string]any) any {
	now := p.b.now
	switch field.Message().FullName() {
	case "koppi.common.v1.Party":
		if field.ContainingMessage().Name() == "Colleague" {
			return map[string]any{"agency": p.agency(p.reader), "unit": "u1", "worker": workerOf(p.reader, p.set, "1")}
		}
		if name := field.Name(); name == "receiver" || name == "addressee" || name == "participant" || name == "party" && field.ContainingMessage().Name() != "Reachability" {
			// About this one no client wishes anything: that a sending is stopped its sender may know.
			if p.reader == "t" {
				return map[string]any{"agency": p.agency("y"), "unit": "u1"}
			}
			return map[string]any{"agency": p.agency("t"), "unit": "u1"}
		}
		return map[string]any{"agency": p.agency(p.reader), "unit": "u1"}
	case "koppi.common.v1.LegalBasis":
		return map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "703/2023 § 53", "consentedAt": now.Format(time.RFC3339Nano)}
	case "koppi.common.v1.Client":
		if client, named := said["client_id"]; named {
			return map[string]any{"clientId": client}
		}
		return clientOfPair(p.set, "c")
	case "koppi.consent.v1.Recipient":
		return map[string]any{"agency": p.agency("y")}
	case "google.protobuf.Timestamp":
		if field.Name() == "given_at" || field.Name() == "from" {
			return now.Format(time.RFC3339Nano)
		}
		return now.Add(24 * time.Hour).Format(time.RFC3339Nano)
	default:
		return p.formed(field.Message(), said)
	}
}
