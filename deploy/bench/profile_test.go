//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	_ "net/http/pprof" // serves profiles of the programs that run in this binary
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"

	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/clustertest"
	gateway "koppi.internal/gateway/program"
	"koppi.internal/pkg/process"
	"koppi.internal/pkg/service"
	"koppi.internal/pkg/service/program"
	"koppi.internal/services/concern"
)

// A program whose memory is profiled is this test's binary in a process of its own: Koppi's programs serve no
// profiles. The environment names the program, and the address at which it serves them.
const (
	profiledProgram = "BENCH_PROGRAM"
	profilesAt      = "BENCH_PROFILES_AT"
	// profileFolder is where the profiles are kept, in the environment of the test.
	profileFolder = "PROFILES"
)

// programs are Koppi's programs that this binary can run, by their commands.
var programs = map[string]func(){
	clustertest.ServiceCommand(concern.Name): func() {
		program.Main(concern.Name, "", func(deps service.Deps) (program.Service, error) { return concern.New(deps) })
	},
	clustertest.GatewayCommand: func() {
		process.Main("gateway", "", func(ctx context.Context, config *gateway.Config) error { return config.Run(ctx) })
	},
}

// serveProfiles runs a program of Koppi in this process, with profiles and a count of what it holds.
func serveProfiles(run func()) {
	http.HandleFunc("/holds", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()
		runtime.GC()
		holds := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/sched/goroutines:goroutines"}}
		metrics.Read(holds)
		for _, one := range holds {
			fmt.Fprintln(w, one.Value.Uint64())
		}
	})
	go func() { panic(http.ListenAndServe(os.Getenv(profilesAt), nil)) }() //nolint:gosec // a test's own
	run()
}

// profiled prepares a program in this test's binary.
func (p *server) profiled(command string, args ...string) {
	p.h.t.Helper()
	p.Process = clustertest.NewProcessOf(p.h.t, testkit.Must(os.Executable()), args...)
	p.profiles = testkit.FreeAddress(p.h.t)
	p.Env = append(p.Env, profiledProgram+"="+command, profilesAt+"="+p.profiles)
}

// holding is what a profiled program holds after its garbage was collected.
type holding struct{ objects, stacks, goroutines float64 }

// holds is what the program holds now; nothing if it is not profiled.
func (p *server) holds() (now holding) {
	p.h.t.Helper()
	if p.profiles == "" {
		return now
	}
	body := p.profile("/holds")
	if _, err := fmt.Sscan(string(body), &now.objects, &now.stacks, &now.goroutines); err != nil {
		p.h.t.Fatal(err)
	}
	return now
}

// held notes what each of the streams made the program hold, and keeps the profiles.
func (p *server) held(f figures, name string, empty holding, streams float64) {
	p.h.t.Helper()
	if p.profiles == "" {
		return
	}
	now := p.holds()
	f["heap_bytes_per_stream_"+name] = figure{(now.objects - empty.objects) / streams}
	f["stack_bytes_per_stream_"+name] = figure{(now.stacks - empty.stacks) / streams}
	f["goroutines_per_stream_"+name] = figure{(now.goroutines - empty.goroutines) / streams}
	for _, kind := range []string{"heap", "goroutine"} {
		path := filepath.Join(os.Getenv(profileFolder), strings.Join([]string{name, kind, "pprof"}, "."))
		if err := os.WriteFile(path, p.profile("/debug/pprof/"+kind), 0o600); err != nil {
			p.h.t.Fatal(err)
		}
	}
}

// profileProcessor profiles this process until the function that it returns is called, if profiles are asked for.
func (h *harness) profileProcessor(name string) (end func()) {
	h.t.Helper()
	if os.Getenv(profileFolder) == "" {
		return func() {}
	}
	into := testkit.Must(os.Create(filepath.Join(os.Getenv(profileFolder), name+".cpu.pprof")))
	if err := pprof.StartCPUProfile(into); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = into.Close()
	}
}

func (p *server) profile(path string) []byte {
	p.h.t.Helper()
	response, err := http.Get("http://" + p.profiles + path) //nolint:noctx // a test's own
	if err != nil {
		p.h.t.Fatal(err)
	}
	defer response.Body.Close()
	return testkit.Must(io.ReadAll(response.Body))
}
