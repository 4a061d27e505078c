package pairs

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"koppi.internal/deploy/testkit"
)

// story is what happens in world B, some of which its reader may not know.
type story struct {
	reader string
	happen func(*pairing)
}

// Trace contexts of callers: one that is recorded, and one that is not.
func recordedTrace() string { return traceOf("01") }
func silentTrace() string   { return traceOf("00") }

func traceOf(flags string) string {
	id := uuid.New()
	return fmt.Sprintf("00-%x-00f067aa0ba902b7-%s", id[:], flags)
}

// report is one about a client, with the client's consent or without.
func (p *pairing) report(who, to, client string, consent bool, trace string) string {
	p.t.Helper()
	body := p.reportBody(to, client)
	if consent {
		body["basis"], body["description"] = p.consented(), "Kuvaus."
	} else if to == "z" {
		delete(body, "topics")
	}
	return p.begin("concern", doing{Who: who, Call: testkit.SubmitCall, Body: body, Trace: trace})
}

func (p *pairing) reportBody(to, client string) map[string]any {
	return map[string]any{
		"requestId": uuid.NewString(), "client": clientOfPair(p.set, client), "receiver": map[string]any{"agency": p.agency(to)}, "basis": unconsented(),
		"topics": []any{"TOPIC_OTHER"}, "urgency": "URGENCY_NORMAL",
	}
}

// urgentReport reports an emergency of the client to agency t.
func (p *pairing) urgentReport(who string) string {
	p.t.Helper()
	body := p.reportBody("t", "c")
	body["urgency"] = "URGENCY_EMERGENCY"
	return p.begin("concern", doing{Who: who, Call: testkit.SubmitCall, Body: body})
}

func (p *pairing) consented() map[string]any {
	return map[string]any{"ground": "LEGAL_GROUND_CLIENT_CONSENT", "provision": "703/2023 § 53", "consentedAt": p.b.now.Format(time.RFC3339Nano)}
}

// begin starts a matter and returns its id.
func (p *pairing) begin(service string, d doing) string {
	p.t.Helper()
	d.Wait = time.Minute
	made, _ := p.must(d).field(service).(map[string]any)
	return fmt.Sprint(made[service+"Id"])
}

// must does what is not refused.
func (p *pairing) must(d doing) answer {
	p.t.Helper()
	got := p.do(d)
	if !got.ok() {
		p.t.Fatalf("%s by %s: %s", d.Call, d.Who, got)
	}
	return got
}

// step takes one on a matter, a minute later.
func (p *pairing) step(who, service, step, id string, content ...map[string]any) answer {
	p.t.Helper()
	return p.must(p.stepOf(who, service, step, id, content...))
}

func (p *pairing) stepOf(who, service, step, id string, content ...map[string]any) doing {
	body := map[string]any{"requestId": uuid.NewString(), service + "Id": id}
	for _, one := range content {
		maps.Copy(body, one)
	}
	return doing{Who: who, Call: serviceCalls[service] + step, Body: body, Wait: time.Minute}
}

func anyReason() map[string]any { return map[string]any{"reason": "Syy."} }

func (p *pairing) onConsent(who, step, subject string) answer {
	p.t.Helper()
	return p.must(doing{Who: who, Call: consentSvc + step, Body: map[string]any{"requestId": uuid.NewString(), "subject": subject}, Wait: time.Minute})
}

// forward passes a concern on to an agency, and returns what it is called there.
func (p *pairing) forward(who, id, to string, keepOpen bool) string {
	p.t.Helper()
	got := p.step(who, "concern", "ForwardConcern", id, map[string]any{
		"receiver": map[string]any{"agency": p.agency(to)}, "basis": p.consented(), "topics": []any{"TOPIC_OTHER"}, "keepOpen": keepOpen,
	})
	return fmt.Sprint(got.field("forwardedConcernId"))
}

// plan is one of an agency's, with members asked in.
func (p *pairing) plan(who string, members ...string) string {
	p.t.Helper()
	id := p.begin("plan", doing{Who: who, Call: testkit.PlanService + "CreatePlan", Body: map[string]any{"requestId": uuid.NewString(), "client": clientOfPair(p.set, "c"), "basis": p.consented()}})
	for _, member := range members {
		p.step(who, "plan", "InviteMember", id, map[string]any{"party": map[string]any{"agency": p.agency(member), "unit": "u1"}, "basis": p.consented()})
		p.step(member+".1", "plan", "JoinPlan", id)
	}
	return id
}

// play plays a story in a pair of worlds, with all that its reader can ask.
func (s story) play(t *testing.T, at *twins) {
	t.Helper()
	p := newPair(t, at.a, at.b, at.next, s.reader)
	at.next++
	s.happen(p)
	share, steps := 0.4, 8
	if strings.Contains(t.Name(), "/others/everything") || os.Getenv("SOAK_PAIRS") != "" {
		share, steps = 1, -1
	}
	p.battery(share, steps, uint64(len(t.Name())))
	p.compare()
	if len(p.apart) > 0 {
		t.Error(p.explanation())
	}
}

// Each known way in which a reader once learned what it may not know, and similar ones, by name,
// over every method that the gateway serves.
func TestLongPairsOfStories(t *testing.T) {
	tracing(t)
	all := map[string]story{}
	for _, stories := range []map[string]story{storiesOfAccesses, storiesOfTraces, storiesOfTimes, storiesOfMembers, storiesOfTexts, storiesOfOthers} {
		maps.Copy(all, stories)
	}
	t.Run("lanes", func(t *testing.T) {
		for lane := range pairsAtOnce {
			t.Run(strconv.Itoa(lane), func(t *testing.T) {
				t.Parallel()
				at := newTwins(t)
				for i, name := range slices.Sorted(maps.Keys(all)) {
					if i%pairsAtOnce == lane {
						t.Run(name, func(t *testing.T) { all[name].play(t, at) })
					}
				}
			})
		}
	})
	walksAll(t)
}

// walksAll fails where a method that the gateway serves was never asked by a reader, or
// only in a form that it refuses: a new one is thereby compared, or named here with why not.
func walksAll(t *testing.T) {
	t.Helper()
	walked.Lock()
	defer walked.Unlock()
	for _, method := range gatewayMethods() {
		asked, called := walked.methods[callOf(method)]
		switch why := notAnswered[callOf(method)]; {
		case !called:
			t.Errorf("no reader calls %s", callOf(method))
		case !asked && why == "":
			t.Errorf("%s refuses the form of all that readers ask: this proves nothing", callOf(method))
		case asked && why != "":
			t.Errorf("%s is answered: it is no exception", callOf(method))
		}
	}
}

// notAnswered are methods that readers call in these pairs in a form alone that is refused,
// and why that suffices.
var notAnswered = map[string]string{}

// attachment uploads a small file and returns its id.
func (p *pairing) attachment(who string) string {
	p.t.Helper()
	content := testkit.PDF(100)
	service := "koppi.attachment.v1.AttachmentService/"
	begun := p.must(doing{Who: who, Call: service + "StartUpload", Body: map[string]any{"requestId": uuid.NewString(), "filename": "lasku.pdf", "mediaType": "application/pdf", "sizeBytes": len(content)}})
	id := fmt.Sprint(begun.field("attachmentId"))
	p.must(doing{Who: who, Call: service + "UploadChunk", Body: map[string]any{"attachmentId": id, "data": base64.StdEncoding.EncodeToString(content)}})
	sum := sha256.Sum256(content)
	p.must(doing{Who: who, Call: service + "FinishUpload", Body: map[string]any{"attachmentId": id, "sha256": base64.StdEncoding.EncodeToString(sum[:])}})
	return id
}
