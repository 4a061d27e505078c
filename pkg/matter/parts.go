package matter

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/protofield"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Parts are the units and workers of one agency that have a part in a matter. A unit has a part for good:
// it held the matter, acted in it, was called in, is a member or a participant. A worker has one while the
// matter is the worker's to handle. It is a text, which is stored: each part between spaces, units first,
// each in order, and a worker after an "@". Empty: it was never computed.
type Parts string

const (
	partSeparator = " "
	workerMark    = "@"
)

// PartsOf returns the parts of units and workers.
func PartsOf(units, workers []string) Parts {
	all := slices.Compact(slices.Sorted(slices.Values(units)))
	for _, worker := range slices.Compact(slices.Sorted(slices.Values(workers))) {
		all = append(all, workerMark+worker)
	}
	if all = slices.DeleteFunc(all, func(part string) bool { return part == "" || part == workerMark }); len(all) == 0 {
		return partSeparator
	}
	return Parts(partSeparator + strings.Join(all, partSeparator) + partSeparator)
}

// UnitPart is what Parts hold for a unit.
func UnitPart(unit string) string { return partSeparator + unit + partSeparator }

// UnitParts is what Parts hold for units.
func UnitParts(units []string) []string {
	parts := make([]string, 0, len(units)+1)
	for _, unit := range units {
		parts = append(parts, UnitPart(unit))
	}
	return parts
}

// WorkerPart is what Parts hold for a worker.
func WorkerPart(worker string) string { return partSeparator + workerMark + worker + partSeparator }

// Has reports whether one of the parts, each as UnitPart or WorkerPart returns it, is among these.
func (p Parts) Has(any ...string) bool {
	return slices.ContainsFunc(any, func(part string) bool { return strings.Contains(string(p), part) })
}

// unitsIn adds to units those of an agency that an event names: of who acted and of each party in the
// message, except in fields that give no part.
func unitsIn(units []string, agency string, event Event) []string {
	add := func(party *commonv1.Party) {
		if party.GetAgency() == agency && party.GetUnit() != "" && !slices.Contains(units, party.GetUnit()) {
			units = append(slices.Clip(units), party.GetUnit())
		}
	}
	add(event.By)
	if event.Message != nil {
		walk{partsOnly: true}.parties(event.Message.ProtoReflect(), add)
	}
	return units
}

// EachParty calls do with each party that a message holds, at any depth.
func EachParty(message proto.Message, do func(*commonv1.Party)) {
	if message != nil {
		walk{}.parties(message.ProtoReflect(), do)
	}
}

// walk goes through the parties of messages: of all, or of those that have a part by it.
type walk struct{ partsOnly bool }

// withoutPart are the fields that give the unit which they name no part in the matter, each with the reason.
var withoutPart = map[protoreflect.FullName]string{
	"koppi.concern.v1.ConcernDeclined.suggested_receiver":   "only suggested",
	"koppi.referral.v1.ReferralDeclined.suggested_receiver": "only suggested",
	"koppi.concern.v1.ContactAttempted.guided_to":           "the client is guided there, the matter is not sent",
	"koppi.concern.v1.ConcernClosed.guided_to":              "the client is guided there, the matter is not sent",
	"koppi.concern.v1.SecondWorkerSet.worker":               "the worker has the part, not the unit",
}

func (w walk) parties(message protoreflect.Message, do func(*commonv1.Party)) {
	for _, field := range partyFields.In(message.Descriptor()) {
		switch {
		case !message.Has(field), w.partsOnly && withoutPart[field.FullName()] != "":
		case field.IsList():
			list := message.Get(field).List()
			for i := range list.Len() {
				w.party(list.Get(i).Message(), do)
			}
		default:
			w.party(message.Get(field).Message(), do)
		}
	}
}

func (w walk) party(message protoreflect.Message, do func(*commonv1.Party)) {
	if party, is := message.Interface().(*commonv1.Party); is {
		do(party)
		return
	}
	w.parties(message, do)
}

// partyFields are the fields of each message type that can lead to a party.
var partyFields = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == partyName
}}

var partyName = proto.MessageName((*commonv1.Party)(nil))

// With returns the view after an event was disclosed to its reader.
func (v View[S]) With(state S, event Event) View[S] {
	v.State, v.Units = state, unitsIn(v.Units, v.Reader.Agency, event)
	v.Version++
	return v
}
