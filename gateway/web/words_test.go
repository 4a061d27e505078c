package web_test

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/identity"
)

// about are the enums whose names a worklist's rows say as they come (WorkItem.about).
var about = []protoreflect.FullName{"koppi.concern.v1.Topic", "koppi.referral.v1.ReferralKind"}

var roles = []identity.Role{
	identity.RoleSocialWorker, identity.RoleSocialCounsellor, identity.RoleServiceGuide, identity.RoleBenefitHandler, identity.RoleHealthProfessional,
	identity.RoleYouthWorker, identity.RoleEmploymentOfficer, identity.RoleTeamLeader, identity.RoleClient, identity.RoleOperator, identity.RoleSystem,
}

var (
	imported = regexp.MustCompile(`import (?:type )?\{([^}]*)\} from "koppi-contract/([\w/]+)_pb"`)
	shown    = regexp.MustCompile(`(?:nameOf\(|namesOf\(|schema: )(\w+)Schema\b`)
	acting   = regexp.MustCompile(`<Actions[^>]*service=\{(\w+)\}`)
)

// named are the names of the contract that the pages say: values of enums, and the steps of
// the matters whose actions they offer.
func named(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	values := func(enum protoreflect.EnumDescriptor, where string) {
		for i := range enum.Values().Len() {
			if value := enum.Values().Get(i); value.Number() != 0 {
				names[string(value.Name())] = where
			}
		}
	}
	for _, name := range about {
		values(descriptor[protoreflect.EnumDescriptor](t, name), "src/pages/worklist")
	}
	for _, one := range sources(t) {
		from := importedBy(one)
		for _, found := range shown.FindAllStringSubmatch(one.text, -1) {
			if file := from[found[1]+"Schema"]; file != "" {
				values(enumOf(t, file, found[1]), one.path)
			}
		}
		for _, step := range offered(t, one) {
			names[step] = one.path
		}
	}
	return names
}

// importedBy is which file of the contract a name of a source comes from.
func importedBy(one source) map[string]string {
	from := map[string]string{}
	for _, found := range imported.FindAllStringSubmatch(one.text, -1) {
		for _, name := range strings.Split(found[1], ",") {
			from[strings.TrimPrefix(strings.TrimSpace(name), "type ")] = found[2]
		}
	}
	return from
}

// offered are the steps of the matters whose actions a source offers.
func offered(t *testing.T, one source) (steps []string) {
	t.Helper()
	from := importedBy(one)
	for _, found := range acting.FindAllStringSubmatch(one.text, -1) {
		pack := strings.ReplaceAll(from[found[1]][:strings.LastIndex(from[found[1]], "/")], "/", ".")
		for _, step := range stepsOf(descriptor[protoreflect.ServiceDescriptor](t, protoreflect.FullName(pack+"."+found[1]))) {
			// What stands elsewhere on the page has a text of its own there.
			if !strings.Contains(one.text, "elsewhere") || !strings.Contains(one.text, `"`+step+`"`) {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// Each step that a matter's page offers is confirmed in words of its own after it was taken.
func TestStepsAreConfirmed(t *testing.T) {
	said, found := allTexts(t)["matter"]["fi"], 0
	for _, one := range sources(t) {
		for _, step := range offered(t, one) {
			if found++; said["done_"+step] == "" {
				t.Errorf("%s: no words for %s after it was taken", one.path, step)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d steps were found", found)
	}
}

func descriptor[D protoreflect.Descriptor](t *testing.T, name protoreflect.FullName) D {
	t.Helper()
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		t.Fatal(name, err)
	}
	return found.(D)
}

// enumOf is an enum of a file, perhaps within a message: "Outer_Inner".
func enumOf(t *testing.T, file, name string) protoreflect.EnumDescriptor {
	t.Helper()
	found, err := protoregistry.GlobalFiles.FindFileByPath(file + ".proto")
	if err != nil {
		t.Fatal(err)
	}
	within, is := strings.CutPrefix(name, "_")
	if outer, inner, nested := strings.Cut(name, "_"); nested && !is {
		return found.Messages().ByName(protoreflect.Name(outer)).Enums().ByName(protoreflect.Name(inner))
	}
	return found.Enums().ByName(protoreflect.Name(within))
}

// stepsOf are a service's commands on a matter that is there: what available_actions names.
func stepsOf(service protoreflect.ServiceDescriptor) (steps []string) {
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		fields := method.Input().Fields()
		matter := slices.ContainsFunc(slices.Collect(maps.Keys(front.Services)), func(service string) bool {
			return fields.ByName(protoreflect.Name(service+"_id")) != nil
		})
		if fields.ByName("request_id") != nil && matter {
			steps = append(steps, string(method.Name()))
		}
	}
	return steps
}

// Every name of the contract that a page says has its words, every role has, and no words
// are there for what no page says.
func TestWordsAreThoseOfTheContract(t *testing.T) {
	said, code, names := allTexts(t)["words"]["fi"], sources(t), named(t)
	if len(names) < 50 {
		t.Errorf("only %d names were found", len(names))
	}
	for _, role := range roles {
		names[string(role)] = "src/app"
	}
	all, pages := allTexts(t), pagesOf(code)
	for name, where := range names {
		// A page may have words of its own for a name, as the client's has.
		own := slices.ContainsFunc(pages[path.Dir(where)], func(page string) bool { return all[page]["fi"][name] != "" })
		otherwise := strings.Contains(where, "/own/") && tombstone(name)
		if said[name] == "" && !own && !otherwise {
			t.Errorf("%s: no words for %s", where, name)
		}
	}
	literals := map[string]bool{}
	for _, one := range code {
		for _, found := range literal.FindAllStringSubmatch(one.text, -1) {
			literals[found[1]] = true
		}
		for _, found := range regexp.MustCompile(`\b([A-Z][A-Za-z]+): \{`).FindAllStringSubmatch(one.text, -1) {
			literals[found[1]] = true // a step, by what it asks for
		}
	}
	contract := map[string]bool{}
	for _, service := range front.Services {
		methods := descriptor[protoreflect.ServiceDescriptor](t, protoreflect.FullName(service)).Methods()
		for i := range methods.Len() {
			contract[string(methods.Get(i).Name())] = true
		}
	}
	for name := range said {
		if names[name] == "" && !literals[name] && !contract[name] && !enumValue(name) && !slices.Contains(serviceKeys, name) {
			t.Errorf("words for %s, which nothing is called", name)
		}
	}
}

// serviceKeys are services of the directory for trying out, as rows name them.
var serviceKeys = []string{"tyokyvyn-arvio"}

// tombstone tells what the client's page says otherwise than by the state's name: what was
// entered in error, and a report that was joined, of which the client is told as of any.
func tombstone(state string) bool {
	return strings.HasSuffix(state, "_ENTERED_IN_ERROR") || state == "CONCERN_STATE_JOINED"
}

// enumValue tells whether the contract has a value of this name.
func enumValue(name string) (is bool) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "koppi.") {
			return true
		}
		enums := []protoreflect.EnumDescriptors{file.Enums()}
		for i := range file.Messages().Len() {
			enums = append(enums, file.Messages().Get(i).Enums())
		}
		for _, some := range enums {
			for i := range some.Len() {
				is = is || some.Get(i).Values().ByName(protoreflect.Name(name)) != nil
			}
		}
		return !is
	})
	return is
}
