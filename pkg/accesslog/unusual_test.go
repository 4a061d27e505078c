package accesslog

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/journal"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// A caller who records directives for unusually many clients in an hour is reported, once an hour:
// a worker, also through a system, and an agency whose workers together do so.
func TestUnusualDirectives(t *testing.T) {
	began := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		every    time.Duration
		change   func(i int, a *journal.NumberedAccess, by *commonv1.Party)
		reported string
	}{
		"fast": {time.Second, nil, "9:kela-17 49:"},
		"refused": {time.Second, func(_ int, a *journal.NumberedAccess, _ *commonv1.Party) {
			a.Method = "koppi.casework.v1.MatterService/Vouch"
		}, "9:kela-17 49:"},
		"slow":         {7 * time.Minute, nil, ""},
		"fast enough":  {6*time.Minute - time.Second, nil, "9:kela-17 20:kela-17 31:kela-17 42:kela-17 53:kela-17"},
		"one client":   {time.Second, func(_ int, a *journal.NumberedAccess, _ *commonv1.Party) { a.Client = "one" }, ""},
		"many workers": {time.Second, func(i int, _ *journal.NumberedAccess, by *commonv1.Party) { by.Worker = fmt.Sprint(i) }, "49:"},
		"a system for a worker": {time.Second, func(_ int, a *journal.NumberedAccess, by *commonv1.Party) {
			by.Worker, a.OnBehalfOf = "system", "kela-17"
		}, "9:kela-17 49:"},
		"a system":  {time.Second, func(_ int, a *journal.NumberedAccess, by *commonv1.Party) { a.Role, by.Worker = "system", "s" }, "9:s 49:"},
		"clients":   {time.Second, func(_ int, a *journal.NumberedAccess, _ *commonv1.Party) { a.Role = "client" }, ""},
		"the clock": {time.Second, func(_ int, a *journal.NumberedAccess, _ *commonv1.Party) { a.Role = "clock" }, ""},
		"what is read": {time.Second, func(_ int, a *journal.NumberedAccess, _ *commonv1.Party) {
			a.Method = "koppi.casework.v1.MatterService/ReadWishes"
		}, ""},
	} {
		watch, reported := newDirectiveWatch(), ""
		for i := range 60 {
			by := &commonv1.Party{Agency: "kela", Worker: "kela-17"}
			access := journal.NumberedAccess{Access: journal.Access{
				At: began.Add(time.Duration(i) * test.every), Role: "benefit_handler", Client: fmt.Sprint(i), Method: "koppi.casework.v1.MatterService/RecordWish", Head: []byte{1},
			}}
			if test.change != nil {
				test.change(i, &access, by)
			}
			access.By, _ = proto.Marshal(by)
			for who := range watch.see(access) {
				if who.agency != "kela" {
					t.Errorf("%s: %v", name, who)
				}
				reported += fmt.Sprintf(" %d:%s", i, who.worker)
			}
		}
		if want := test.reported; reported != want && reported != " "+want {
			t.Errorf("%s: reported%s, not %s", name, reported, want)
		}
	}
}
