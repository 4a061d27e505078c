package accesslog

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/journal"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// A worker who reads the data of unusually many clients in an hour, one by one, is reported, once
// an hour. Slower reading, and reading of lists, is not.
func TestUnusualReading(t *testing.T) {
	began := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	by, err := proto.Marshal(&commonv1.Party{Agency: "kela", Worker: "kela-17"})
	if err != nil {
		t.Fatal(err)
	}
	reading := func(client int, at time.Time) journal.NumberedAccess {
		return journal.NumberedAccess{Access: journal.Access{
			At: at, By: by, Role: "social_worker", Client: fmt.Sprint(client), Method: "koppi.concern.v1.ConcernService/GetConcern",
		}}
	}
	for name, test := range map[string]struct {
		every    time.Duration
		change   func(*journal.NumberedAccess)
		reported []int
	}{
		"fast":             {time.Second, nil, []int{unusual - 1}},
		"slow":             {2 * time.Minute, nil, nil},
		"just fast enough": {time.Minute - time.Second, nil, []int{unusual - 1, 2*unusual + 1}},
		"the same client":  {time.Second, func(a *journal.NumberedAccess) { a.Client = "one" }, nil},
		"a worklist":       {time.Second, func(a *journal.NumberedAccess) { a.Purpose = PurposeWorklist }, nil},
		"a list":           {time.Second, func(a *journal.NumberedAccess) { a.Method = "koppi.concern.v1.ConcernService/ListConcerns" }, nil},
		"searched in lists": {time.Second, func(a *journal.NumberedAccess) {
			a.Method, a.Purpose = "koppi.concern.v1.ConcernService/ListConcerns", "x"
		}, []int{unusual - 1}},
		"a system": {time.Second, func(a *journal.NumberedAccess) { a.Role = "system" }, nil},
		"steps":    {time.Second, func(a *journal.NumberedAccess) { a.Head = []byte{1} }, nil},
	} {
		watch := newWatch()
		var reported []int
		for i := range 150 {
			access := reading(i, began.Add(time.Duration(i)*test.every))
			if test.change != nil {
				test.change(&access)
			}
			if who := watch.see(access); who != nil {
				if who.GetWorker() != "kela-17" {
					t.Errorf("%s: %v", name, who)
				}
				reported = append(reported, i)
			}
		}
		if fmt.Sprint(reported) != fmt.Sprint(test.reported) {
			t.Errorf("%s: reported at %v, not %v", name, reported, test.reported)
		}
	}
}
