package web_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const eventsSource = "src/ui/timeline/events.ts"

var (
	fromContract = regexp.MustCompile(`"koppi-contract/(koppi/[\w/]+)_pb"`)
	silentFields = regexp.MustCompile(`const silent = new Set\(\[([\s\S]*?)\]\)`)
)

// unshown are the events that a page has no text of, and does not show. The client's page shows a
// joined report as any other.
var unshown = map[string][]protoreflect.Name{"own": {"ConcernJoined", "ReportJoined", "ConcernPromoted", "CopiesErased", "ReportAdded"}}

// eventsOf are the events of the files that the timeline reads: their messages that are no part of
// another message.
func eventsOf(t *testing.T, source string) (events []protoreflect.MessageDescriptor) {
	t.Helper()
	parts := map[protoreflect.FullName]bool{}
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		fields := kind.Descriptor().Fields()
		for i := range fields.Len() {
			if part := fields.Get(i).Message(); part != nil {
				parts[part.FullName()] = true
			}
		}
		return true
	})
	for _, found := range fromContract.FindAllStringSubmatch(source, -1) {
		file, err := protoregistry.GlobalFiles.FindFileByPath(found[1] + ".proto")
		if err != nil {
			t.Fatal(found[1], err)
		}
		for i := range file.Messages().Len() {
			if message := file.Messages().Get(i); !parts[message.FullName()] {
				events = append(events, message)
			}
		}
	}
	return events
}

// Every event of the contract, and every field of one that is shown, has its text in each language,
// by the key that the event's or the field's name gives.
func TestEventsHaveTexts(t *testing.T) {
	content, err := os.ReadFile(eventsSource)
	if err != nil {
		t.Fatal(err)
	}
	source := string(content)
	events, all := eventsOf(t, source), allTexts(t)
	if len(events) < 60 {
		t.Errorf("only %d events were found", len(events))
	}
	silent := silentFields.FindStringSubmatch(source)
	if silent == nil {
		t.Fatalf("%s: no fields are silent", eventsSource)
	}
	for _, event := range events {
		for _, page := range []string{"timeline", "own"} {
			for _, language := range languages {
				if key := "event_" + string(event.Name()); all[page][language][key] == "" && !slices.Contains(unshown[page], event.Name()) {
					t.Errorf("%s: %s has no %q", page, language, key)
				}
			}
		}
		for i := range event.Fields().Len() {
			name := string(event.Fields().Get(i).Name())
			for _, language := range languages {
				if key := "field_" + name; all["timeline"][language][key] == "" && !strings.Contains(silent[1], `"`+name+`"`) {
					t.Errorf("timeline: %s has no %q, of %s", language, key, event.Name())
				}
			}
		}
	}
}

// The timeline knows the events of every service.
func TestTimelineReadsEveryService(t *testing.T) {
	content, err := os.ReadFile(eventsSource)
	if err != nil {
		t.Fatal(err)
	}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if path, is := strings.CutSuffix(file.Path(), "/events.proto"); is && strings.HasPrefix(path, "koppi/") &&
			!strings.Contains(string(content), `"koppi-contract/`+path+`/events_pb"`) {
			t.Errorf("%s does not read %s", eventsSource, file.Path())
		}
		return true
	})
}
