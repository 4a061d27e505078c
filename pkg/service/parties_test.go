package service

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

// A party whose unit does not belong to its agency is refused at any depth of a request: in the
// request itself, in a message in it, and in a list.
func TestCheckParties(t *testing.T) {
	unit := func(key string) string {
		return `{"unit":"` + key + `","names":{"fi":"U","sv":"U","en":"U"},"languages":["fi"],"intake":true}`
	}
	agency := func(key, units string) string {
		return `{"agency":"` + key + `","kind":"BENEFITS","names":{"fi":"A","sv":"A","en":"A"},"units":[` + units + `],"noConsentProfile":"MINIMAL"}`
	}
	agencies, err := directory.Parse([]byte(`{"agencies":[` + agency("kela", unit("a")) + "," + agency("hva", unit("b")) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, request := range map[string]func(*commonv1.Party) proto.Message{
		"receiver": func(p *commonv1.Party) proto.Message { return &concernv1.SubmitConcernRequest{Receiver: p} },
		"reachability.substitute": func(p *commonv1.Party) proto.Message {
			return &consultationv1.SetReachabilityRequest{Reachability: &consultationv1.Reachability{Substitute: p}}
		},
		"units[1]": func(p *commonv1.Party) proto.Message {
			return &caseworkv1.GetWaitingRequest{Units: []*commonv1.Party{{Agency: "kela"}, p}}
		},
	} {
		if err := checkParties(agencies, request(&commonv1.Party{Agency: "kela", Unit: "a"})); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, wrong := range []*commonv1.Party{{}, {Agency: "x"}, {Agency: "kela", Unit: "b"}, {Unit: "a"}} {
			err := checkParties(agencies, request(wrong))
			if fault.ReasonOf(err) != fault.UnknownParty {
				t.Errorf("%s: %v is accepted: %v", path, wrong, err)
			}
		}
	}
	if err := checkParties(agencies, &concernv1.SubmitConcernRequest{Receiver: &commonv1.Party{Agency: "kela", Unit: "b"}}); !strings.Contains(err.Error(), "no such unit") {
		t.Error(err)
	}
}
