package sandbox

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "koppi.internal/deploy/suite"
)

// played are the methods that a robot calls about a matter whose every reply has its effect, before the delay has passed
// and after it.
func played(m known) (at, after []string) {
	const delay = time.Minute
	m.happened = map[string]bool{}
	run := func(now time.Time) (calls []string) {
		for range 20 {
			got, is := next(m, now, delay)
			if !is {
				return calls
			}
			calls = append(calls, path.Base(got.method))
			for _, all := range append([][]rule{{acknowledged["ConsentWithdrawn"]}, {acknowledged["EnteredInError"]}}, slices.Collect(rulesOf())...) {
				for _, one := range all {
					if path.Base(one.method) == path.Base(got.method) {
						m.happened[one.until] = true
					}
				}
			}
		}
		return append(calls, "for ever")
	}
	at = run(m.at.Add(delay - 1))
	return at, run(m.at.Add(delay))
}

func rulesOf() func(func([]rule) bool) {
	return func(yield func([]rule) bool) {
		for _, all := range rules {
			if !yield(all) {
				return
			}
		}
	}
}

// A robot takes a concern and asks at once, and closes after the delay.
func TestRobotAnswers(t *testing.T) {
	for _, one := range []struct{ subject, began, kind, at, after string }{
		{"concerns/1", "ConcernSubmitted", "", "ReceiveConcern TakeConcern RequestInformation", "RecordContactAttempt CloseConcern"},
		{"referrals/1", "ReferralSent", "REFERRAL_KIND_SERVICE", "ReceiveReferral AcceptReferral RequestInformation", "CompleteReferral"},
		{"referrals/1", "ReferralSent", "REFERRAL_KIND_DOCUMENTS", "ReceiveReferral", "CompleteReferral"},
		{"consultations/1", "ConsultationOpened", "", "TakeConsultation", "PostMessage"},
		{"plans/1", "MemberInvited", "", "JoinPlan", ""},
		{"concerns/1", "ConcernClosed", "", "", ""},
	} {
		at, after := played(known{subject: one.subject, began: one.began, kind: one.kind, at: time.Now()})
		if strings.Join(at, " ") != one.at || strings.Join(after, " ") != one.after {
			t.Errorf("%s %s: %v, then %v", one.began, one.kind, at, after)
		}
	}
}

// What is withdrawn or entered in error is acknowledged, once, and nothing else is done about it.
func TestRobotAcknowledges(t *testing.T) {
	for event, want := range map[string]string{
		"ConsentWithdrawn": "koppi.consent.v1.ConsentService/AcknowledgeWithdrawal", "EnteredInError": "koppi.concern.v1.ConcernService/AcknowledgeRevocation",
	} {
		m := known{subject: "concerns/1", began: "ConcernSubmitted", happened: map[string]bool{event: true}}
		if got, is := next(m, time.Now(), 0); !is || got.method != want {
			t.Errorf("%s: %v", event, got)
		}
		m.happened[acknowledged[event].until] = true
		if got, is := next(m, time.Now(), 0); is {
			t.Errorf("%s, acknowledged: %v", event, got)
		}
	}
}

// After an ending, and after a refusal, a robot is silent.
func TestRobotIsSilent(t *testing.T) {
	for _, event := range ended {
		if got, is := next(known{subject: "concerns/1", began: "ConcernSubmitted", happened: map[string]bool{event: true}}, time.Now(), 0); is {
			t.Errorf("%s: %v", event, got)
		}
	}
	if got, is := next(known{subject: "concerns/1", began: "ConcernSubmitted", over: true}, time.Now(), 0); is {
		t.Errorf("after a refusal: %v", got)
	}
}

// Each rule calls a method of the contract, and waits for an event of it.
func TestRulesAreOfTheContract(t *testing.T) {
	events, methods := map[string]bool{}, map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			events[string(file.Messages().Get(i).Name())] = true
		}
		for i := range file.Services().Len() {
			for j := range file.Services().Get(i).Methods().Len() {
				methods[string(file.Services().Get(i).Methods().Get(j).Name())] = true
			}
		}
		return true
	})
	all := append(slices.Collect(rulesOf()), []rule{acknowledged["ConsentWithdrawn"], acknowledged["EnteredInError"]})
	for _, one := range slices.Concat(all...) {
		if !events[one.until] || !methods[path.Base(one.method)] {
			t.Errorf("%s until %s", one.method, one.until)
		}
	}
	for _, event := range ended {
		if !events[event] {
			t.Errorf("%s is no event", event)
		}
	}
}
