// Package form checks what applies to every request, whatever its fields mean: ids have one form, and times
// are within bounds. Both work from the message descriptors, so that new fields are covered.
package form

import (
	"regexp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/protofield"
)

// uuid matches a UUID, or the name of a subject that ends with one, in the form of RFC 9562 § 4. It does not
// match braces or "urn:uuid:", which the rules of fields refuse.
var uuid = regexp.MustCompile(`^([a-z]+/)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// Ids writes every UUID of a request in lower case, as in RFC 9562 § 4, so that an id that is compared,
// digested or made part of a key does not depend on how it was sent. It changes only fields that hold ids;
// texts for people stay as they are.
func Ids(message proto.Message) { ids(message.ProtoReflect()) }

// idFields lead to fields that hold ids.
var idFields = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
	return field.Kind() == protoreflect.StringKind && isID(field)
}}

func ids(message protoreflect.Message) {
	idFields.Range(message, func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() != nil && field.IsList():
			for i := range value.List().Len() {
				ids(value.List().Get(i).Message())
			}
		case field.Message() != nil:
			ids(value.Message())
		case field.IsList():
			for i := range value.List().Len() {
				if lower, changed := lowered(value.List().Get(i).String()); changed {
					value.List().Set(i, protoreflect.ValueOfString(lower))
				}
			}
		default:
			if lower, changed := lowered(value.String()); changed {
				message.Set(field, protoreflect.ValueOfString(lower))
			}
		}
		return true
	})
}

// isID reports whether a field holds ids, by its name: request_id, attachment_ids, subject, subjects, led_to,
// resubmitted_as, and all others that end so.
func isID(field protoreflect.FieldDescriptor) bool {
	name := strings.TrimSuffix(string(field.Name()), "s")
	switch name {
	case "id", "subject", "led_to", "resubmitted_a":
		return true
	}
	return strings.HasSuffix(name, "_id")
}

func lowered(text string) (string, bool) {
	if !uuid.MatchString(text) {
		return text, false
	}
	lower := strings.ToLower(text)
	return lower, lower != text
}

// earliest is the lower bound of the times in a request.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// latest is the upper bound for a caller that does not have the domain's time.
var latest = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// yearsAhead is how many years ahead a time of a request may lie: nobody may prevent a matter from becoming
// due for longer.
const yearsAhead = 1

// longer lists the fields whose times may lie further ahead, with the number of years.
var longer = map[protoreflect.FullName]int{
	// Consent given in advance is valid for two years at most.
	"koppi.consent.v1.GiveConsentRequest.until": 2,
	// For a cited consent, the check of the legal basis refuses a future time, with an error that names the
	// field and explains what a consent must be.
	"koppi.common.v1.LegalBasis.consented_at": 1000,
}

// given lists the fields whose times the suite itself issued and takes back. They are positions in its own
// orderings and decide nothing.
var given = map[protoreflect.FullName]bool{
	"koppi.casework.v1.ReadWorkRequest.Place.due_at": true,
	"koppi.casework.v1.ReadHistoryRequest.after":     true,
	"koppi.casework.v1.Waiting.due_at":               true,
	"koppi.casework.v1.Waiting.told_at":              true,
	// In a trial the clock is moved as far as the trial needs.
	"koppi.dev.v1.AdvanceClockRequest.to": true,
}

// Beyond returns the path of the first time in a request that lies before the year 2000 or too far ahead of
// now, and what is expected of it; empty if all times are within bounds. The bound is one year ahead unless
// the field has another. A zero now means that the caller does not have the domain's time; then the bound is
// the year 2100.
func Beyond(message proto.Message, now time.Time) (path, want string) {
	return beyond(message.ProtoReflect(), now)
}

// timeFields lead to times.
var timeFields = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == "google.protobuf.Timestamp"
}}

func beyond(message protoreflect.Message, now time.Time) (path, want string) {
	timeFields.Range(message, func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		each := func(one protoreflect.Message) bool {
			inner := ""
			if at, ok := one.Interface().(*timestamppb.Timestamp); ok {
				want = outside(field, at.AsTime(), now)
			} else {
				inner, want = beyond(one, now)
			}
			if want != "" {
				path = strings.TrimSuffix(string(field.Name())+"."+inner, ".")
			}
			return want == ""
		}
		if !field.IsList() {
			return each(value.Message())
		}
		for i := range value.List().Len() {
			if !each(value.List().Get(i).Message()) {
				return false
			}
		}
		return true
	})
	return path, want
}

// outside returns what is expected of a field whose time is out of bounds.
func outside(field protoreflect.FieldDescriptor, at, now time.Time) string {
	years := yearsAhead
	if more := longer[field.FullName()]; more > 0 {
		years = more
	}
	bound, said := latest, "must be from the year 2000 to 2099"
	if !now.IsZero() {
		bound, said = now.AddDate(years, 0, 1), "must be from the year 2000 to at most one year ahead"
		if years > 1 {
			said = "must be from the year 2000 to at most two years ahead"
		}
	}
	if given[field.FullName()] || !at.Before(earliest) && at.Before(bound) {
		return ""
	}
	return said
}
