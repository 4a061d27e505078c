package matter_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/matter"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
)

type state struct {
	matter.Head
	open bool
}

type (
	world                 = matter.World[state]
	command               = matter.Command[string]
	access                = matter.Access[state]
	step[R proto.Message] = matter.Step[state, string, *[]string, R]
	take                  = step[*consultationv1.TakeConsultationRequest]
	post                  = step[*consultationv1.PostMessageRequest]
	anyStep               = matter.AnyStep[state, string, *[]string]
)

var (
	sender, receiver = []matter.Role{matter.RoleSender}, []matter.Role{matter.RoleReceiver}
	worker, system   = matter.Actor{Agency: "a", Worker: "w"}, matter.Actor{Agency: "a", Automatic: true}
)

func isOpen(view state, _ matter.Actor) bool { return view.open }

func isClosed(view state, _ matter.Actor) bool { return !view.open }

func recordTake(recorded *[]string, _ command, _ *consultationv1.TakeConsultationRequest) {
	*recorded = append(*recorded, "taken")
}

func recordPost(recorded *[]string, _ command, r *consultationv1.PostMessageRequest) {
	*recorded = append(*recorded, r.GetText())
}

func newTable(steps ...anyStep) matter.Table[state, string, *[]string] {
	return matter.NewTable(steps...)
}

func TestNewTablePanicsForIncompleteSteps(t *testing.T) {
	whole := take{By: receiver, When: isOpen, Record: recordTake}
	for want, steps := range map[string][]anyStep{
		"TakeConsultation records nothing":                                {take{By: receiver, When: isOpen}},
		"TakeConsultation is in the table twice":                          {whole, whole},
		"TakeConsultation does not say who may take it, and when":         {take{By: receiver, Record: recordTake}},
		"PostMessage does not say who may take it, and when":              {whole, post{When: isOpen, Record: recordPost}},
		"TakeConsultation is automatic and cannot touch a matter":         {take{By: receiver, When: isOpen, Record: recordTake, Touch: "Taken", Automatic: true}},
		"TakeConsultation is automatic and cannot touch a matter (by Or)": {take{By: receiver, When: isOpen, Record: recordTake, Touch: "Taken", Or: []access{{By: sender, When: isOpen, Automatic: true}}}},
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); said != "matter: "+strings.TrimSuffix(want, " (by Or)") {
					t.Errorf("%s: panics with %q", want, said)
				}
			}()
			newTable(steps...)
		}()
	}
}

func TestTableChecksInOrder(t *testing.T) {
	mayNot := fault.New(fault.NotAMember, "not a member")
	table := newTable(
		take{By: receiver, When: isOpen, Record: recordTake},
		post{
			By: sender, When: isOpen, Record: recordPost, Automatic: true,
			Or: []access{{By: receiver, When: isClosed, May: func(_ state, actor matter.Actor) error {
				if actor.Worker == "" {
					return mayNot
				}
				return nil
			}}},
			Check: func(_ world, _ command, r *consultationv1.PostMessageRequest) error {
				if r.GetText() == "" {
					return fault.New(fault.InvalidField, "empty")
				}
				return nil
			},
		},
	)
	taking, posting := &consultationv1.TakeConsultationRequest{}, &consultationv1.PostMessageRequest{}
	view := func(role matter.Role, open bool) matter.View[state] {
		return matter.View[state]{Reader: matter.Reader{Role: role}, State: state{open: open}}
	}
	for name, test := range map[string]struct {
		view    matter.View[state]
		command command
		want    fault.Reason
	}{
		"another role":               {view(matter.RoleSender, true), command{Request: taking, Actor: worker}, fault.RoleNotAllowed},
		"no step of the table":       {view(matter.RoleSender, true), command{Request: &consultationv1.CloseConsultationRequest{}, Actor: worker}, fault.RoleNotAllowed},
		"a system":                   {view(matter.RoleReceiver, true), command{Request: taking, Actor: system}, fault.RoleNotAllowed},
		"an automatic step":          {view(matter.RoleSender, true), command{Request: posting, Actor: system}, ""},
		"May before etag":            {view(matter.RoleReceiver, true), command{Request: posting, Actor: matter.Actor{Agency: "a"}, Stale: true}, fault.NotAMember},
		"etag before state":          {view(matter.RoleReceiver, false), command{Request: taking, Actor: worker, Stale: true}, fault.StaleEtag},
		"state":                      {view(matter.RoleReceiver, false), command{Request: taking, Actor: worker}, fault.IllegalStep},
		"allowed by the second rule": {view(matter.RoleReceiver, false), command{Request: posting, Actor: worker}, ""},
	} {
		if err := table.CheckStep(test.view, test.command); fault.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := table.CheckContent(world{}, command{Request: posting}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("content: %v", err)
	}
	unavailable := command{Request: taking, Unavailable: mayNot}
	if err := table.CheckContent(world{}, unavailable); fault.ReasonOf(err) != fault.NotAMember {
		t.Errorf("attachments: %v", err)
	}
	var recorded []string
	table.Record(&recorded, command{Request: &consultationv1.PostMessageRequest{Text: "x"}})
	table.Record(&recorded, command{Request: taking})
	if !slices.Equal(recorded, []string{"x", "taken"}) {
		t.Errorf("recorded %v", recorded)
	}
}

func TestTableColumns(t *testing.T) {
	table := newTable(
		post{
			By: receiver, When: isOpen, Record: recordPost, WhenFull: matter.Always,
			Stale: func(_ state, r *consultationv1.PostMessageRequest) bool { return r.GetText() == "old" },
		},
		take{By: receiver, When: isOpen, Record: recordTake, Touch: "ConsultationTaken"},
	)
	receiving := matter.View[state]{Reader: matter.Reader{Role: matter.RoleReceiver}, State: state{open: true}}
	if got := table.Allowed(receiving, worker); !slices.Equal(got, []string{"PostMessage", "TakeConsultation"}) {
		t.Errorf("allowed: %v", got)
	}
	if got := table.Steps("PostMessage"); !slices.Equal(got, []string{"TakeConsultation"}) {
		t.Errorf("steps: %v", got)
	}
	if got := table.Admitted(matter.Always); !slices.Equal(got, []string{"PostMessage"}) {
		t.Errorf("always admitted: %v", got)
	}
	if got := table.Admitted(matter.Finishes); len(got) > 0 {
		t.Errorf("admitted to finish: %v", got)
	}
	if got := table.Touching(); len(got) != 1 || !got["ConsultationTaken"] {
		t.Errorf("touching: %v", got)
	}
	// The etag of a part replaces that of the matter.
	for text, stale := range map[string]bool{"old": true, "new": false} {
		err := table.CheckStep(receiving, command{Request: &consultationv1.PostMessageRequest{Text: text}, Actor: worker, Stale: !stale})
		if (fault.ReasonOf(err) == fault.StaleEtag) != stale {
			t.Errorf("%s: %v", text, err)
		}
	}
}
