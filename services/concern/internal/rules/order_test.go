package rules_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// In whatever order a concern is contacted about, triaged and taken, it ends up the same: judged, held and known.
func TestIntakeInAnyOrder(t *testing.T) {
	steps := []proto.Message{
		&concernv1.RecordContactAttemptRequest{
			Result: concernv1.ContactResult_CONTACT_RESULT_REACHED, Mode: concernv1.ContactMode_CONTACT_MODE_PHONE, ClientWill: concernv1.ClientWill_CLIENT_WILL_YES,
		},
		&concernv1.RecordContactAttemptRequest{Result: concernv1.ContactResult_CONTACT_RESULT_REACHED},
		&concernv1.TriageConcernRequest{Urgency: commonv1.Urgency_URGENCY_NORMAL, Reason: "kuultu"},
		&concernv1.TriageConcernRequest{
			SupportNeed: concernv1.SupportNeed_SUPPORT_NEED_NETWORK, Track: concernv1.Track_TRACK_SOCIAL_WORK,
			FourField: &concernv1.FourField{Support: concernv1.SupportLevel_SUPPORT_LEVEL_HIGH, Difficulty: concernv1.SupportLevel_SUPPORT_LEVEL_LOW},
		},
		&concernv1.TakeConcernRequest{},
	}
	want := ""
	rapid.Check(t, func(t *rapid.T) {
		w := newFixture()
		subject, err := w.submitUrgent("kela", "hva", "bo", notification(), commonv1.Urgency_URGENCY_URGENT)
		if err == nil {
			err = w.step("hva", subject, &concernv1.ReceiveConcernRequest{})
		}
		for _, at := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order") {
			if err == nil {
				err = w.step("hva", subject, proto.Clone(steps[at]))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		c := w.Histories[subject].State
		got := fmt.Sprint(c.State, c.Holder, c.Will, c.SupportNeed, c.Track, c.FourField, c.TriagedUrgency, c.Clock.Urgency, len(c.Attempts), len(c.Triages), c.EverReached, c.Unreached)
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("%s, and in another order %s", got, want)
		}
	})
}
