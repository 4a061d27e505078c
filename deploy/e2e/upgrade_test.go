package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	all "koppi.internal/deploy/suite"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/process"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// programs are the commands of a cluster.
func programs() []string {
	commands := []string{koppiProgram, gatewayProgram}
	for _, service := range all.Services {
		commands = append(commands, serviceProgram(service.Name))
	}
	return commands
}

// becomes replaces processes one after another by those of another version, by the names
// of their programs, each only once commands got through again.
func becomes(version map[string]string, done *answered, processes []*daemon) {
	for _, d := range processes {
		d.end(syscall.SIGTERM)
		d.path = version[filepath.Base(d.path)]
		d.start()
		for range 10 {
			<-done.more
		}
	}
}

// migrations is how many a version has, of journals and of keys: none is ever taken away.
func migrations(sources string) int {
	return len(must(filepath.Glob(filepath.Join(sources, "pkg/journal/postgres/*migrations/*.sql"))))
}

// Agencies keep working while every process is replaced by the previous version before the
// migration, then by this version, and then by the previous one again. No call is refused, nothing
// is lost or done twice, and both versions find the journals valid.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	before, now := map[string]string{}, map[string]string{}
	for _, command := range programs() {
		// Before agencies work: what is built meanwhile is not what is tried.
		before[filepath.Base(command)], now[filepath.Base(command)] = previous(t, command), program(t, command)
	}
	server := postgrestest.Start(t, "fsync=off")
	g := newGroundOf(t, previous, server, server)
	// The file is that of the version before until all are replaced: it refuses keys that it does not know.
	if err := os.WriteFile(g.directory, must(os.ReadFile(filepath.Join(previousSources(t), "deploy", "config", "directory.json"))), 0o600); err != nil {
		t.Fatal(err)
	}
	c := g.cluster(t, 2, []string{"concern"})
	conn := must(process.Calling{}.Dial([]string{c.gateways[0].address, c.gateways[1].address}))
	defer func() { _ = conn.Close() }()
	l := newLoad(t, conn)
	// What a due time rests on, and judging anew after taking, only this version knows.
	l.known = func(answer *concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse {
		both := proto.CloneOf(answer)
		both.Concern.Status.DueBasis = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED
		both.Concern.AvailableActions = slices.DeleteFunc(both.GetConcern().GetAvailableActions(), func(step string) bool { return step == "TriageConcern" })
		return both
	}
	services := slices.Concat(slices.Collect(maps.Values(c.services))...)

	if migrations(previousSources(t)) != migrations("../..") {
		early, err := exec.CommandContext(t.Context(), program(t, serviceProgram("concern")), append(slices.Clone(services[0].args), "--listen", "127.0.0.1:0")...).CombinedOutput()
		if err == nil || !strings.Contains(string(early), "run: koppi migrate") {
			t.Errorf("on the schema before: %v %s", err, early)
		}
	}
	c.operator(t, "migrate")
	becomes(now, l.done, slices.Concat(services, c.gateways))
	becomes(before, l.done, slices.Concat(c.gateways, services))
	want := l.finish()
	for agency, head := range c.fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	for _, service := range all.Services {
		runsAt(t, previous(t, koppiProgram), "fsck", "--service", service.Name, "--secrets", c.secrets, "--journal", c.journal(service.Name), "--keys", c.keys(service.Name))
	}
	t.Logf("%d commands", want)
}

// This version takes over a data folder of the previous version, and the previous version can take
// it back.
func TestUpgradeFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := newDaemonAt(t, previous(t, koppiProgram), "up", "--dev", "--data", data)
	reports := map[string]*concernv1.SubmitConcernRequest{}
	for _, version := range []func(*testing.T, string) string{previous, program, previous} {
		d.path = version(t, koppiProgram)
		d.start()
		conn := dialStubborn(t, d.address)
		kela, county := as(t, conn, kelaParty, "kela-17", "benefit_handler"), as(t, conn, countyParty, "ps-21", "social_worker")
		concerns := concernv1.NewConcernServiceClient(conn)
		for id, request := range reports {
			if again := insist(t, kela, concerns.SubmitConcern, request).GetConcern().GetConcernId(); again != id {
				t.Errorf("%s, was %s", again, id)
			}
			if got := insist(t, kela, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern(); got.GetStatus().GetResponsible().GetWorker() != "ps-21" {
				t.Errorf("%v", got)
			}
		}
		for range 3 {
			request := submission()
			id := insist(t, kela, concerns.SubmitConcern, request).GetConcern().GetConcernId()
			insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
			reports[id] = request
		}
		if messages := len(mailboxOf(t, as(t, conn, kelaParty, "", "system"), conn)); messages != 2*len(reports) {
			t.Errorf("%d messages of %d reports", messages, len(reports))
		}
		d.end(syscall.SIGTERM)
		for _, by := range []func(*testing.T, string) string{previous, program} {
			runsAt(t, by(t, koppiProgram), "fsck", "--data", data)
		}
	}
}

// Under the previous version, an emergency that a system received was due on the seventh working
// day. Under this version it is due when its hour as an emergency ends, and raises one alarm. What
// the previous version told of it does not change.
func TestUpgradeUrgent(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := newDaemonAt(t, previous(t, koppiProgram), "up", "--dev", "--data", data)
	d.start()
	conn := dialStubborn(t, d.address)
	kela := as(t, conn, kelaParty, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	urgent := submission()
	urgent.Urgency = commonv1.Urgency_URGENCY_EMERGENCY
	submitted := insist(t, kela, concerns.SubmitConcern, urgent).GetConcern()
	id, due := submitted.GetConcernId(), submitted.GetStatus().GetDueAt().AsTime()
	received := insist(t, as(t, conn, countyParty, "", "system"), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	if before := received.GetConcern().GetStatus().GetDueAt().AsTime(); !before.After(due) {
		t.Fatalf("the version before knows the clock: due %s", before)
	}
	d.end(syscall.SIGTERM)

	d.path = program(t, koppiProgram)
	d.start()
	conn = dialStubborn(t, d.address)
	county := as(t, conn, countyParty, "ps-21", "social_worker")
	concerns = concernv1.NewConcernServiceClient(conn)
	status := insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern().GetStatus()
	if !status.GetDueAt().AsTime().Equal(due) || status.GetDueBasis() != commonv1.DueBasis_DUE_BASIS_URGENCY || status.GetOverdue() {
		t.Errorf("due %s, on %s; the report was due %s", status.GetDueAt().AsTime(), status.GetDueBasis(), due)
	}
	advance := &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(61 * time.Minute)}}
	for range 2 {
		insist(t, t.Context(), devv1.NewDevServiceClient(conn).AdvanceClock, advance)
		list := insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{OverdueOnly: true}).GetConcerns()
		if len(list) != 1 || list[0].GetConcernId() != id {
			t.Errorf("overdue are %v", list)
		}
	}
	var told []string
	for _, message := range mailboxOf(t, as(t, conn, kelaParty, "", "system"), conn) {
		told = append(told, message.GetEvent().GetTypeUrl()[len("type.googleapis.com/koppi.concern.v1."):])
	}
	if want := []string{"ConcernSubmitted", "ConcernReceived", "ConcernOverdue"}; !slices.Equal(told, want) {
		t.Errorf("the reporter was told %v; want %v", told, want)
	}
	d.end(syscall.SIGTERM)
	for _, by := range []func(*testing.T, string) string{previous, program} {
		runsAt(t, by(t, koppiProgram), "fsck", "--data", data)
	}
}

// Every setting of the previous version exists in this one, by the table of settings; another test
// compares the table with the programs.
func TestSettingsStay(t *testing.T) {
	t.Parallel()
	settings := func(path string) (all []string) {
		for line := range strings.Lines(string(must(os.ReadFile(path)))) {
			if cells := strings.Split(line, "|"); len(cells) == 6 && strings.Contains(cells[2], "`--") {
				all = append(all, strings.Join(cells[1:4], "|"))
			}
		}
		return all
	}
	before, now := settings(filepath.Join(previousSources(t), "deploy", "configuration.md")), settings("../configuration.md")
	if len(before) < 100 {
		t.Fatalf("%d settings", len(before))
	}
	for _, setting := range before {
		if !slices.Contains(now, setting) {
			t.Errorf("gone: %s", setting)
		}
	}
}
