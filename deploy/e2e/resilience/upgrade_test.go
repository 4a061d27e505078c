package resilience

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
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/pkg/journal/postgres/postgrestest"
	"koppi.internal/pkg/process"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// programs are the commands of a cluster.
func programs() []string {
	commands := []string{clustertest.KoppiCommand, clustertest.GatewayCommand}
	for _, service := range all.Services {
		commands = append(commands, clustertest.ServiceCommand(service.Name))
	}
	return commands
}

// becomes replaces processes one after another by those of another version, by the names
// of their programs, each only once commands got through again.
func becomes(version map[string]string, done *partnertest.Acknowledged, processes []*clustertest.Process) {
	for _, d := range processes {
		d.End(syscall.SIGTERM)
		d.Path = version[filepath.Base(d.Path)]
		d.Start()
		for range 10 {
			<-done.More
		}
	}
}

// migrations is how many a version has, of journals and of keys: none is ever taken away.
func migrations(sources string) int {
	return len(testkit.Must(filepath.Glob(filepath.Join(sources, "pkg/journal/postgres/*migrations/*.sql"))))
}

// Agencies keep working while every process is replaced by the previous version before the
// migration, then by this version, and then by the previous one again. No call is refused, nothing
// is lost or done twice, and both versions find the journals valid.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	before, now := map[string]string{}, map[string]string{}
	for _, command := range programs() {
		// Before agencies work: what is built meanwhile is not what is tried.
		before[filepath.Base(command)], now[filepath.Base(command)] = clustertest.Previous(t, command), clustertest.Build(t, command)
	}
	server := postgrestest.Start(t, "fsync=off")
	env := clustertest.NewEnvironmentOn(t, clustertest.Previous, server, server)
	// The file is that of the version before until all are replaced: it refuses keys that it does not know.
	if err := os.WriteFile(env.Directory, testkit.Must(os.ReadFile(filepath.Join(clustertest.PreviousSources(t), "deploy", "config", "directory.json"))), 0o600); err != nil {
		t.Fatal(err)
	}
	c := env.Start(t, 2, []string{"concern"})
	conn := testkit.Must(process.Calling{}.Dial([]string{c.Gateways[0].Address, c.Gateways[1].Address}))
	defer func() { _ = conn.Close() }()
	l := newTraffic(t, conn)
	// What a due time rests on, judging anew after taking, the matter's number and consent to hear back,
	// only this version knows.
	l.known = func(answer *concernv1.TakeConcernResponse) *concernv1.TakeConcernResponse {
		both := proto.CloneOf(answer)
		both.Concern.MatterNumber, both.Concern.FeedbackConsentedAt = "", nil
		both.Concern.Status.DueBasis = commonv1.DueBasis_DUE_BASIS_UNSPECIFIED
		both.Concern.AvailableActions = slices.DeleteFunc(both.GetConcern().GetAvailableActions(), func(step string) bool {
			return slices.Contains([]string{"TriageConcern", "RecordFeedbackConsent", "ScheduleAppointment", "SetSecondWorker", "AddInformation"}, step)
		})
		return both
	}
	services := slices.Concat(slices.Collect(maps.Values(c.Services))...)

	if migrations(clustertest.PreviousSources(t)) != migrations(testkit.Path("")) {
		early, err := exec.CommandContext(t.Context(), clustertest.Build(t, clustertest.ServiceCommand("concern")), append(slices.Clone(services[0].Args), "--listen", "127.0.0.1:0")...).CombinedOutput()
		if err == nil || !strings.Contains(string(early), "run: koppi migrate") {
			t.Errorf("on the schema before: %v %s", err, early)
		}
	}
	operator(t, c, "migrate")
	becomes(now, l.done, slices.Concat(services, c.Gateways))
	becomes(before, l.done, slices.Concat(c.Gateways, services))
	want := l.finish()
	for agency, head := range c.Fsck() {
		if head.Sequence != want {
			t.Errorf("the mailbox of %s has %d messages of %d", agency, head.Sequence, want)
		}
	}
	for _, service := range all.Services {
		clustertest.RunProgram(t, clustertest.Previous(t, clustertest.KoppiCommand), "fsck", "--service", service.Name, "--secrets", c.Secrets, "--journal", c.Journal(service.Name), "--keys", c.Keys(service.Name))
	}
	t.Logf("%d commands", want)
}

// This version takes over a data folder of the previous version, and the previous version can take
// it back.
func TestUpgradeFolder(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := clustertest.NewProcessOf(t, clustertest.Previous(t, clustertest.KoppiCommand), "up", "--dev", "--data", data)
	reports := map[string]*concernv1.SubmitConcernRequest{}
	for _, version := range []func(testing.TB, string) string{clustertest.Previous, clustertest.Build, clustertest.Previous} {
		d.Path = version(t, clustertest.KoppiCommand)
		d.Start()
		conn := testkit.Dial(t, d.Address)
		kela, county := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler"), testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
		concerns := concernv1.NewConcernServiceClient(conn)
		for id, request := range reports {
			if again := testkit.Insist(t, kela, concerns.SubmitConcern, request).GetConcern().GetConcernId(); again != id {
				t.Errorf("%s, was %s", again, id)
			}
			if got := testkit.Insist(t, kela, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern(); got.GetStatus().GetResponsible().GetWorker() != "ps-21" {
				t.Errorf("%v", got)
			}
		}
		for range 3 {
			request := testkit.Submission()
			id := testkit.Insist(t, kela, concerns.SubmitConcern, request).GetConcern().GetConcernId()
			testkit.Insist(t, county, concerns.TakeConcern, &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
			reports[id] = request
		}
		if messages := len(testkit.Mailbox(t, testkit.As(t, conn, testkit.Kela, "", "system"), conn)); messages != 2*len(reports) {
			t.Errorf("%d messages of %d reports", messages, len(reports))
		}
		d.End(syscall.SIGTERM)
		for _, by := range []func(testing.TB, string) string{clustertest.Previous, clustertest.Build} {
			clustertest.RunProgram(t, by(t, clustertest.KoppiCommand), "fsck", "--data", data)
		}
	}
}

// Under the previous version, an emergency that a system received was due on the seventh working
// day. Under this version it is due when its hour as an emergency ends, and raises one alarm. What
// the previous version told of it does not change.
func TestUpgradeUrgent(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := clustertest.NewProcessOf(t, clustertest.Previous(t, clustertest.KoppiCommand), "up", "--dev", "--data", data)
	d.Start()
	conn := testkit.Dial(t, d.Address)
	kela := testkit.As(t, conn, testkit.Kela, "kela-17", "benefit_handler")
	concerns := concernv1.NewConcernServiceClient(conn)
	urgent := testkit.Submission()
	urgent.Urgency = commonv1.Urgency_URGENCY_EMERGENCY
	submitted := testkit.Insist(t, kela, concerns.SubmitConcern, urgent).GetConcern()
	id, due := submitted.GetConcernId(), submitted.GetStatus().GetDueAt().AsTime()
	received := testkit.Insist(t, testkit.As(t, conn, testkit.County, "", "system"), concerns.ReceiveConcern, &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: id})
	if before := received.GetConcern().GetStatus().GetDueAt().AsTime(); !before.After(due) {
		t.Fatalf("the version before knows the clock: due %s", before)
	}
	d.End(syscall.SIGTERM)

	d.Path = clustertest.Build(t, clustertest.KoppiCommand)
	d.Start()
	conn = testkit.Dial(t, d.Address)
	county := testkit.As(t, conn, testkit.County, "ps-21", "social_worker")
	concerns = concernv1.NewConcernServiceClient(conn)
	status := testkit.Insist(t, county, concerns.GetConcern, &concernv1.GetConcernRequest{ConcernId: id}).GetConcern().GetStatus()
	if !status.GetDueAt().AsTime().Equal(due) || status.GetDueBasis() != commonv1.DueBasis_DUE_BASIS_URGENCY || status.GetOverdue() {
		t.Errorf("due %s, on %s; the report was due %s", status.GetDueAt().AsTime(), status.GetDueBasis(), due)
	}
	advance := &devv1.AdvanceClockRequest{Target: &devv1.AdvanceClockRequest_By{By: durationpb.New(61 * time.Minute)}}
	for range 2 {
		testkit.Insist(t, t.Context(), devv1.NewDevServiceClient(conn).AdvanceClock, advance)
		list := testkit.Insist(t, county, concerns.ListConcerns, &concernv1.ListConcernsRequest{OverdueOnly: true}).GetConcerns()
		if len(list) != 1 || list[0].GetConcernId() != id {
			t.Errorf("overdue are %v", list)
		}
	}
	var disclosed []string
	for _, message := range testkit.Mailbox(t, testkit.As(t, conn, testkit.Kela, "", "system"), conn) {
		disclosed = append(disclosed, message.GetEvent().GetTypeUrl()[len("type.googleapis.com/koppi.concern.v1."):])
	}
	if want := []string{"ConcernSubmitted", "ConcernReceived", "ConcernOverdue"}; !slices.Equal(disclosed, want) {
		t.Errorf("the reporter was told %v; want %v", disclosed, want)
	}
	d.End(syscall.SIGTERM)
	for _, by := range []func(testing.TB, string) string{clustertest.Previous, clustertest.Build} {
		clustertest.RunProgram(t, by(t, clustertest.KoppiCommand), "fsck", "--data", data)
	}
}

// Every setting of the previous version exists in this one, by the table of settings; another test
// compares the table with the programs.
func TestSettingsStay(t *testing.T) {
	t.Parallel()
	settings := func(path string) (all []string) {
		for line := range strings.Lines(string(testkit.Must(os.ReadFile(path)))) {
			if cells := strings.Split(line, "|"); len(cells) == 6 && strings.Contains(cells[2], "`--") {
				all = append(all, strings.Join(cells[1:4], "|"))
			}
		}
		return all
	}
	before, now := settings(filepath.Join(clustertest.PreviousSources(t), "deploy", "configuration.md")), settings(testkit.Path("deploy/configuration.md"))
	if len(before) < 100 {
		t.Fatalf("%d settings", len(before))
	}
	for _, setting := range before {
		if !slices.Contains(now, setting) {
			t.Errorf("gone: %s", setting)
		}
	}
}
