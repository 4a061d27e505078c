package pairs

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	all "koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
)

// world is one of the two suites of a pair. Its clock stands still between steps.
type world struct {
	*testkit.Instance
	t      testing.TB
	http   *http.Client
	conn   *grpc.ClientConn
	tokens map[string]string
	now    time.Time
	// heads are how far the reader's mailboxes have come.
	heads map[string]uint64
}

// pairsBegin is a Monday morning, so that working days are counted over a weekend.
var pairsBegin = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, sets int, settings callback.Settings, called ...string) *world {
	t.Helper()
	agencies := testkit.Must(directory.Parse(pairsDirectory(sets, called...)))
	i := testkit.Start(t, allinone.Config{Clock: pairsBegin, Directory: agencies, Callbacks: settings, CallbackTiming: partnertest.CallbackTiming})
	conn := testkit.Must(grpc.NewClient(strings.TrimPrefix(i.Address, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials())))
	transport := &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}
	t.Cleanup(func() {
		_ = conn.Close()
		transport.CloseIdleConnections()
	})
	return &world{Instance: i, t: t, http: &http.Client{Transport: transport}, conn: conn, tokens: map[string]string{}, now: pairsBegin}
}

// The agencies of a set, by the letter with which all of theirs begins.
var pairsKinds = []struct{ letter, kind, role, profile string }{
	{"r", "BENEFITS", "benefit_handler", "MINIMAL"},
	{"t", "SOCIAL_SERVICES", "social_worker", "NECESSARY"},
	{"x", "HEALTH_CARE", "health_professional", "NECESSARY"},
	{"y", "EMPLOYMENT", "employment_officer", "NECESSARY"},
	{"z", "YOUTH_WORK", "youth_worker", "NECESSARY"},
	{byUnit, "HEALTH_CARE", "health_professional", "NECESSARY"},
}

// byUnit is the agency whose people read by unit. Its second unit is of social services.
const byUnit = "w"

// pairsDirectory has so many sets of agencies: each pair takes a set, of which no
// other pair knows anything. The called agency is called at an address.
func pairsDirectory(sets int, called ...string) []byte {
	var file struct {
		Agencies []map[string]any `json:"agencies"`
	}
	names := func(text string) map[string]string { return map[string]string{"fi": text, "sv": text, "en": text} }
	for set := range sets {
		for _, kind := range pairsKinds {
			key := agencyOf(kind.letter, set)
			units := []map[string]any{
				{"unit": "u1", "names": names("u1"), "intake": true, "languages": []string{"fi"}, "phone": "017 000 0001"},
				{"unit": "u2", "names": names("u2"), "languages": []string{"fi"}, "phone": "017 000 0002"},
			}
			agency := map[string]any{"agency": key, "kind": kind.kind, "names": names(key), "noConsentProfile": kind.profile, "emergencyPhone": "112", "units": units}
			if kind.letter == byUnit {
				agency["reading"], units[1]["kind"] = "UNIT", "SOCIAL_SERVICES"
			}
			if len(called) == 2 && called[0] == key {
				agency["callback"] = map[string]string{"protocol": "CONNECT", "url": called[1]}
			}
			file.Agencies = append(file.Agencies, agency)
		}
	}
	return testkit.Must(json.Marshal(file))
}

func agencyOf(letter string, set int) string { return fmt.Sprintf("%s%04d", letter, set) }

func numberOf(text string) (n int, err error) {
	_, err = fmt.Sscanf(text, "%d", &n)
	return n, err
}

// token is that of somebody of a set: "r.1" and "r.2" are workers of agency r, "r.system"
// its system, "c" and "d" the clients.
func (w *world) token(set int, who string) string {
	name := fmt.Sprint(set, who)
	if token := w.tokens[name]; token != "" {
		return token
	}
	party := map[string]any{"role": "client"}
	letter, worker, isWorker := strings.Cut(who, ".")
	switch {
	case !isWorker:
		party["personalIdentityCode"] = testkit.PersonCode(2*set + int(who[0]-'c'))
	case worker == "system":
		party = map[string]any{"agency": agencyOf(letter, set), "role": "system"}
	default:
		party = map[string]any{"agency": agencyOf(letter, set), "unit": "u" + worker, "worker": workerOf(letter, set, worker)}
		for _, kind := range pairsKinds {
			if kind.letter == letter {
				party["role"] = kind.role
			}
		}
		if who == byUnit+".2" {
			party["role"] = "social_worker"
		}
	}
	got := w.call("", "koppi.dev.v1.DevService/IssueToken", party, "", false)
	w.tokens[name], _ = got.field("token").(string)
	if w.tokens[name] == "" {
		w.t.Fatalf("no token for %s: %s", who, got)
	}
	return w.tokens[name]
}

func workerOf(letter string, set int, worker string) string {
	return agencyOf(letter, set) + "-" + worker
}

// answer is all that comes back of a call.
type answer struct {
	// Status is that of HTTP, or of gRPC.
	Status string
	// Header is without what is another at each call.
	Header map[string][]string
	// Size is that of the message: bytes of JSON, or of the wire form.
	Size int
	Body any
}

func (a answer) ok() bool { return a.Status == "200" || a.Status == "OK" }

func (a answer) field(name string) any {
	fields, _ := a.Body.(map[string]any)
	return fields[name]
}

func (a answer) String() string { return fmt.Sprint(a.Status, " ", asJSON(a.Body)) }

func asJSON(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(written)
}

// call carries out a call, by plain JSON or by gRPC.
func (w *world) call(token, call string, body any, traceparent string, overGRPC bool) answer {
	if overGRPC {
		return w.callGRPC(token, call, body, traceparent)
	}
	request := testkit.Must(http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.Address+"/"+call, strings.NewReader(asJSON(body))))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Encoding", "identity")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if traceparent != "" {
		request.Header.Set("Traceparent", traceparent)
	}
	response, err := w.http.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	response.Header.Del("Date")
	got := answer{Status: fmt.Sprint(response.StatusCode), Header: response.Header, Size: len(raw)}
	got.Body = asTree(raw)
	return got
}

func asTree(raw []byte) any {
	var body any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		return string(raw)
	}
	return unpacking(body)
}

func (w *world) callGRPC(token, call string, body any, traceparent string) answer {
	ctx := w.t.Context()
	method := methodOf(call)
	in := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())).New().Interface()
	out := testkit.Must(protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())).New().Interface()
	if err := protojson.Unmarshal([]byte(asJSON(body)), in); err != nil {
		w.t.Fatalf("%s: %v: %s", call, err, asJSON(body))
	}
	for name, value := range map[string]string{"authorization": token, "traceparent": traceparent} {
		if value != "" && name == "authorization" {
			value = "Bearer " + value
		}
		if value != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		}
	}
	header, trailer := metadata.MD{}, metadata.MD{}
	err := w.conn.Invoke(ctx, "/"+call, in, out, grpc.Header(&header), grpc.Trailer(&trailer))
	from := status.Convert(err)
	got := answer{Status: from.Code().String(), Size: proto.Size(from.Proto()), Header: map[string][]string{}}
	for _, all := range []metadata.MD{header, trailer} {
		for name, values := range all {
			if name != "date" && name != "grpc-status-details-bin" {
				got.Header[name] = append(got.Header[name], values...)
			}
		}
	}
	said := proto.Message(from.Proto())
	if err == nil {
		got.Size, said = proto.Size(out), out
	}
	got.Body = asTree(testkit.Must(protojson.Marshal(said)))
	return got
}

// unpacking writes out what is packed in an answer: records of messages, and the details of
// refusals.
func unpacking(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = unpacking(v[i])
		}
	case map[string]any:
		if kind, packed := v["type"].(string); packed && strings.HasPrefix(kind, "google.rpc.") {
			v["value"] = unfolded(kind, fmt.Sprint(v["value"]))
		}
		if record, ok := v["record"].(string); ok && record != "" {
			v["record"] = unfolded("koppi.exchange.v1.CaseMessage", record)
		}
		for name := range v {
			v[name] = unpacking(v[name])
		}
	}
	return value
}

func unfolded(kind, packed string) any {
	found, err := protoregistry.GlobalTypes.FindMessageByURL(kind)
	if err != nil {
		return packed
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(packed, "="))
	if err != nil {
		return packed
	}
	message := found.New().Interface()
	if err := proto.Unmarshal(raw, message); err != nil {
		return packed
	}
	return map[string]any{"bytes": len(raw), "message": asTree(testkit.Must(protojson.Marshal(message)))}
}

// advance moves the clock.
func (w *world) advance(to time.Time) {
	w.now = to
	got := w.call("", "koppi.dev.v1.DevService/AdvanceClock", map[string]any{"to": to.Format(time.RFC3339Nano)}, "", false)
	if !got.ok() {
		w.t.Fatalf("the clock does not move: %s", got)
	}
}

// arrived tells which mailboxes of an agency have advanced since it was last asked.
func (w *world) arrived(agency string) map[string]uint64 {
	more := map[string]uint64{}
	for _, service := range all.Services {
		heads, err := w.Koppi.Store(service.Name).Positions(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if now := heads[agency].Sequence; now > w.heads[service.Name] {
			more[service.Name] = now - w.heads[service.Name]
			w.heads[service.Name] = now
		}
	}
	return more
}

// methodOf finds a call's method.
func methodOf(call string) protoreflect.MethodDescriptor {
	found := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(call, "/", "."))))
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		panic(call + " is no method")
	}
	return method
}
