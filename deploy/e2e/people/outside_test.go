package people

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// bySubject are the fields that name a matter of one service at a time.
var bySubject = []string{"subject", "subjects", "matter_number", "resubmitted_as", "led_to"}

// guesses are the names of a unit's matters and directives beside names of none, once for each service whose
// matter the fields bySubject name.
func (m matters) guesses(made wishes) (all []testkit.Guesses) {
	// A name that is nobody's is as long as one that is somebody's.
	nobody := func(name string) [2]string { return [2]string{name, strings.Repeat("A", len(name))} }
	none := func(name string) [2]string { return [2]string{name, id()} }
	base := testkit.Guesses{
		"concern_id": none(m.concern.GetConcernId()), "referral_id": none(m.referral.GetReferralId()),
		"consultation_id": none(m.consultation.GetConsultationId()), "plan_id": none(m.plan.GetPlanId()),
		"attachment_id": none(m.attachment), "goal_id": none(m.goal), "action_id": none(m.action),
		"client_id": nobody(m.concern.GetClientId()), "case_id": nobody(m.concern.GetCaseId()),
		"client_code": {testkit.AnnaCode, testkit.PersonCode(7)},
		"consent_id":  none(made.consent), "prohibition_id": none(made.prohibition), "wish_id": none(made.waiting), "override_id": none(made.override),
	}
	base["personal_identity_code"] = base["client_code"]
	for _, asked := range m.concern.GetInformationRequests() {
		base["information_request_id"] = none(asked.GetInformationRequestId())
	}
	for _, appointment := range m.referral.GetAppointments() {
		base["appointment_id"] = none(appointment.GetAppointmentId())
	}
	for _, message := range m.consultation.GetMessages() {
		base["after_message_id"] = none(message.GetMessageId())
	}
	for _, one := range []struct{ collection, id, number string }{
		{"concerns/", m.concern.GetConcernId(), m.concern.GetMatterNumber()},
		{"referrals/", m.referral.GetReferralId(), m.referral.GetMatterNumber()},
		{"consultations/", m.consultation.GetConsultationId(), m.consultation.GetMatterNumber()},
		{"plans/", m.plan.GetPlanId(), m.plan.GetMatterNumber()},
	} {
		guesses := maps.Clone(base)
		subject := [2]string{one.collection + one.id, one.collection + id()}
		for _, field := range bySubject {
			guesses[field] = subject
		}
		guesses["matter_number"] = [2]string{one.number, "0000-0000"}
		all = append(all, guesses)
	}
	return all
}

// masked replaces in an answer the names that the caller sent.
func masked(answer string, g testkit.Guesses) string {
	var names []string
	for _, pair := range g {
		names = append(names, pair[:]...)
	}
	// The name of a matter has its id in it.
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, name := range slices.Compact(names) {
		mask := strings.Repeat("#", len(name))
		answer = strings.ReplaceAll(strings.ReplaceAll(answer, name, mask), hex.EncodeToString([]byte(name)), hex.EncodeToString([]byte(mask)))
	}
	return answer
}

// walk calls a method with each choice of names for some fields: those of matters, of nothing, or empty.
type walk struct {
	*world

	method protoreflect.MethodDescriptor
	path   string
	known  testkit.Guesses
	fields []string
}

const (
	real = iota
	none
	empty
	choices
)

// form is what a request says beside names.
func (walk) form() map[string]string {
	return map[string]string{"sender": clinic.GetAgency(), "receiver": testkit.Employment.GetAgency(), "ground_key": ""}
}

// said are the names of one choice, and which fields are named at all.
func (w walk) said(choice int) (said map[string]string, named string, chosen []int) {
	said = w.form()
	for _, field := range w.fields {
		if chosen = append(chosen, choice%choices); choice%choices != empty {
			said[field], named = w.known[field][choice%choices], named+" "+field
		} else {
			said[field] = ""
		}
		choice /= choices
	}
	return said, named, chosen
}

func (w walk) answer(who context.Context, said map[string]string) (string, fault.Reason) {
	ctx, cancel := context.WithTimeout(who, 30*time.Second)
	defer cancel()
	in := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(w.method.Input().FullName()))
	out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(w.method.Output().FullName()))
	form := testkit.Form{Said: said, Parties: map[string]*commonv1.Party{"to": testkit.Health}}
	answer, reason := testkit.AllSaid(ctx, w.conn, "/"+w.path, form.Request(in.New()), out, 1)
	return masked(answer, w.known), reason
}

// outside fails the test if an outsider is answered otherwise about what exists than about what does not.
func (w walk) outside(who context.Context) {
	total := 1
	for range w.fields {
		total *= choices
	}
	first := map[string]string{}
	for choice := range total {
		said, named, chosen := w.said(choice)
		answer, reason := w.answer(who, said)
		if _, before := first[named]; !before {
			first[named] = answer
		}
		if answer != first[named] {
			w.t.Errorf("%s tells by %s (%v) which is there:\n%s\n%s", w.path, named, chosen, first[named], answer)
		}
		if reason == fault.Internal {
			w.t.Errorf("%s by %s: %s", w.path, named, reason)
		}
		service, ofMatter := strings.CutSuffix(w.fields[0], "_id")
		if ofMatter && slices.Contains(suite.Names(), service) && !slices.Contains(chosen, empty) && reason != fault.NotFound {
			w.t.Errorf("%s by %s: %s, and it is not found", w.path, named, reason)
		}
	}
}

// inside tells whether the worker of the unit is answered otherwise about what exists, by some fields.
func (w walk) inside(who context.Context) bool {
	for present := range 1 << len(w.fields) {
		answers := [2]string{}
		for _, choice := range []int{real, none} {
			said := w.form()
			for at, field := range w.fields {
				said[field] = ""
				if present>>at&1 == 1 {
					said[field] = w.known[field][choice]
				}
			}
			answers[choice], _ = w.answer(who, said)
		}
		if answers[real] != answers[none] {
			return true
		}
	}
	return false
}

// walks returns a walk of each method that is served, over each of the guesses that it takes. It fails the
// test for a method that names nothing and is not among those that are tested elsewhere.
func (w *world) walks(sets [][]testkit.Guesses) (all []walk) {
	unseen := maps.Clone(elsewhere)
	for _, service := range allinone.Served() {
		if strings.Contains(service, ".dev.") {
			continue
		}
		methods := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			method := methods.Get(i)
			path := service + "/" + string(method.Name())
			if _, other := elsewhere[path]; other {
				delete(unseen, path)
				continue
			}
			for _, set := range sets {
				for at, known := range set {
					if known = maps.Clone(known); !strings.Contains(service, ".consent.") {
						// By an identity code, everyone begins a matter.
						delete(known, "client_code")
					}
					fields := known.In(method.Input())
					if len(fields) == 0 || method.IsStreamingClient() {
						w.t.Errorf("%s names nothing that is guessed: probe it, or say in \"elsewhere\" why not", path)
					} else if at == 0 || slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(bySubject, field) }) {
						all = append(all, walk{w, method, path, known, fields})
					}
				}
			}
		}
	}
	for path := range unseen {
		w.t.Errorf("%s is not served", path)
	}
	return all
}

// To a worker who reads by unit, a matter, client, case, paper, directive and override of another unit of
// its agency is as if it did not exist: by each method that is served, the answer is the same, byte for byte
// and header for header. The worker of that unit is answered.
func TestOutsideEqualsNonexistent(t *testing.T) {
	outsideEqualsNonexistent(t, open(t))
}

// The same with separate processes on PostgreSQL.
func TestLongOutsideEqualsNonexistent(t *testing.T) {
	c := clustertest.NewEnvironment(t, "fsync=off").Start(t, 1, nil)
	outsideEqualsNonexistent(t, at(t, c.Gateways[0]))
	c.Fsck()
}

func outsideEqualsNonexistent(t *testing.T, w *world) {
	t.Helper()
	nurse := w.As("nurse")
	w.told(nurse, testkit.Health, testkit.ClientOf(bertta))
	before := w.lists(nurse)
	to := w.told(w.As("clinic"), clinic, testkit.Anna())
	from := w.tells(w.As("clinic"), testkit.Anna())
	made := w.directs(w.As("clinic"))
	for list, answer := range w.lists(nurse) {
		if answer != before[list] {
			t.Errorf("%s tells of another unit:\n%s\n%s", list, before[list], answer)
		}
	}
	walks := w.walks([][]testkit.Guesses{to.guesses(made), from.guesses(made)})
	// What the nurse searched is in the access log from then on: it is asked for first.
	const log = "koppi.casework.v1.CaseworkService/ListAccesses"
	slices.SortStableFunc(walks, func(a, b walk) int { return strings.Compare(fmt.Sprint(a.path != log), fmt.Sprint(b.path != log)) })
	logged := false
	for _, one := range walks {
		if one.path != log || !logged {
			one.outside(nurse)
		}
		logged = true
	}
	for _, access := range testkit.Must(caseworkv1.NewCaseworkServiceClient(w.conn).ListAccesses(nurse, &caseworkv1.ListAccessesRequest{ClientId: to.concern.GetClientId()})).GetAccesses() {
		if access.GetBy().GetWorker() != "tk-02" || access.GetSubject() != "" {
			t.Errorf("the log tells of %v", access)
		}
	}
	told := map[string]bool{}
	for _, one := range walks {
		told[one.path] = told[one.path] || one.inside(w.As("clinic"))
	}
	for path, differs := range told {
		if _, refused := uncontrolled[path]; differs == refused {
			t.Errorf("%s answers the worker of the unit by what exists: %v", path, differs)
		}
	}
	t.Logf("%d methods are probed", len(told))
}
