package rules

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const (
	willUnspecified = concernv1.ClientWill_CLIENT_WILL_UNSPECIFIED
	willYes         = concernv1.ClientWill_CLIENT_WILL_YES
	willNo          = concernv1.ClientWill_CLIENT_WILL_NO
	willNotAsked    = concernv1.ClientWill_CLIENT_WILL_NOT_ASKED
)

// checkContact refuses a will of a client whom nobody reached, another will than a no of a client who
// wants no help, and guidance that does not say to whom or what for.
func checkContact(_ World, _ Command, r *concernv1.RecordContactAttemptRequest) error {
	switch will := r.GetClientWill(); {
	case will == willUnspecified:
	case !isReached(r.GetResult()):
		return fault.New(fault.InvalidField, "nobody reached the client, so the client's will is not known").Field("client_will", "leave empty with this result")
	case r.GetResult() == concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP && will != willNo:
		return fault.New(fault.InvalidField, "a client who declines help does not want it").Field("client_will", "CLIENT_WILL_NO or empty with this result")
	}
	return checkGuidance(r.GetGuidedTo())
}

// checkGuidance refuses guidance without its target or what it is for. That a party is in the directory is
// checked for every request.
func checkGuidance(guided []*concernv1.Guidance) error {
	for i, one := range guided {
		field := "guided_to[" + strconv.Itoa(i) + "]"
		if one.GetTo() == nil || one.GetOrganisation() == "" && one.GetParty().GetAgency() == "" {
			return fault.New(fault.InvalidField, "guidance names where the client is guided").Field(field, "party or organisation")
		}
		if one.GetWhat() == "" {
			return fault.New(fault.InvalidField, "guidance says what for").Field(field+".what", "required")
		}
	}
	return nil
}

func recordContact(o *outcome, command Command, r *concernv1.RecordContactAttemptRequest) {
	will := r.GetClientWill()
	switch {
	case r.GetResult() == concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP:
		will = willNo
	case will == willUnspecified && isReached(r.GetResult()):
		will = willNotAsked
	}
	o.Add(command.Subject, &concernv1.ContactAttempted{
		Result: r.GetResult(), NextAttemptAt: r.GetNextAttemptAt(), Mode: r.GetMode(), ClientWill: will,
		GuidedTo: r.GetGuidedTo(), Note: r.GetNote(), NextMode: r.GetNextMode(),
	})
}

func contactAttempted(c Concern, e matter.Event, m *concernv1.ContactAttempted) Concern {
	c.Attempts = append(slices.Clip(c.Attempts), &concernv1.ContactAttempt{
		At: timestamppb.New(e.At), By: e.By, Result: m.GetResult(), NextAttemptAt: m.GetNextAttemptAt(),
		Mode: m.GetMode(), ClientWill: m.GetClientWill(), GuidedTo: m.GetGuidedTo(), Note: m.GetNote(), NextMode: m.GetNextMode(),
	})
	c = c.withWill(m.GetClientWill()).withoutFollowUp().withEncounter(isReached(m.GetResult()))
	c.NextAttempt = time.Time{}
	if m.GetNextAttemptAt() == nil {
		return c
	}
	c.NextAttempt = matter.NotPast(m.GetNextAttemptAt().AsTime(), e.At)
	if _, offered := c.pendingForward(); !offered && !c.holds() && m.GetNextAttemptAt().AsTime().Before(dueBefore(c)) {
		c.Lowered = c.NextAttempt
	}
	return c
}

// isReached reports whether the result of an attempt means that somebody reached the client.
func isReached(result concernv1.ContactResult) bool {
	return result == concernv1.ContactResult_CONTACT_RESULT_REACHED || result == concernv1.ContactResult_CONTACT_RESULT_DECLINED_HELP
}

// withWill keeps the last answer of the client; that nobody asked replaces none.
func (c Concern) withWill(will concernv1.ClientWill) Concern {
	if will != willUnspecified && (will != willNotAsked || c.Will == willUnspecified) {
		c.Will = will
	}
	return c
}

// withEncounter counts an attempt or an appointment at which the client was reached, or was not.
func (c Concern) withEncounter(reached bool) Concern {
	c.Unreached++
	if reached {
		c.Unreached, c.EverReached = 0, true
	}
	return c
}
