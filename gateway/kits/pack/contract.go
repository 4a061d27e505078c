package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// events are the files whose messages an event of a case message can be; what they name follows.
var events = []protoreflect.FileDescriptor{
	exchangev1.File_koppi_exchange_v1_exchange_proto, commonv1.File_koppi_common_v1_revocation_proto, commonv1.File_koppi_common_v1_withdrawal_proto,
	commonv1.File_koppi_common_v1_appointment_proto, commonv1.File_koppi_common_v1_contact_proto,
	concernv1.File_koppi_concern_v1_events_proto, referralv1.File_koppi_referral_v1_events_proto, consentv1.File_koppi_consent_v1_wishes_proto,
	consultationv1.File_koppi_consultation_v1_events_proto, planv1.File_koppi_plan_v1_events_proto,
}

// contract is what the kit in Python knows of the messages: by full name and number.
type contract struct {
	Messages map[string]map[string]field  `json:"messages"`
	Enums    map[string]map[string]string `json:"enums"`
	// unsupported are kinds of fields that the kit cannot read.
	unsupported []string
}

type field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Of       string `json:"of,omitempty"`
	Repeated bool   `json:"repeated,omitempty"`
	Map      bool   `json:"map,omitempty"`
}

// described is the contract for the kit in Python.
func described() ([]byte, error) {
	all := contract{Messages: map[string]map[string]field{}, Enums: map[string]map[string]string{}}
	for _, file := range events {
		for i := range file.Messages().Len() {
			all.add(file.Messages().Get(i))
		}
	}
	if len(all.unsupported) > 0 {
		return nil, fmt.Errorf("records.py does not read %s", strings.Join(all.unsupported, ", "))
	}
	return json.Marshal(all)
}

// add adds a message and all messages and enumerations that it names.
func (c *contract) add(message protoreflect.MessageDescriptor) {
	name := string(message.FullName())
	if _, known := c.Messages[name]; known {
		return
	}
	c.Messages[name] = map[string]field{}
	for i := range message.Fields().Len() {
		one := message.Fields().Get(i)
		made := field{Name: one.JSONName(), Type: one.Kind().String(), Repeated: one.IsList(), Map: one.IsMap()}
		switch one.Kind() {
		case protoreflect.MessageKind:
			made.Of = string(one.Message().FullName())
			c.add(one.Message())
		case protoreflect.EnumKind:
			made.Of = string(one.Enum().FullName())
			values := map[string]string{}
			for j := range one.Enum().Values().Len() {
				value := one.Enum().Values().Get(j)
				values[fmt.Sprint(value.Number())] = string(value.Name())
			}
			c.Enums[made.Of] = values
		case protoreflect.BoolKind, protoreflect.StringKind, protoreflect.BytesKind, protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Sint32Kind,
			protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.DoubleKind, protoreflect.FloatKind:
		default:
			c.unsupported = append(c.unsupported, string(one.FullName()))
		}
		c.Messages[name][fmt.Sprint(one.Number())] = made
	}
	for i := range message.Messages().Len() {
		c.add(message.Messages().Get(i))
	}
}
