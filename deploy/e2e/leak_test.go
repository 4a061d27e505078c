package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"koppi.internal/deploy/scenario"
	"koppi.internal/deploy/scenarios"
	"koppi.internal/pkg/idcode"
)

// The ways by which something leaves that is not an answer to who may know.
const (
	leftLog   = "log"
	leftTrace = "trace or metric"
	leftURL   = "URL"
	leftError = "error"
	leftMail  = "mail"
)

// leavings keep what left in all tests of this package, to be walked when they have run.
type leavings struct {
	mu     sync.Mutex
	file   *os.File
	counts map[string]int
}

var left = must(newLeavings())

func newLeavings() (*leavings, error) {
	file, err := os.CreateTemp("", "koppi-left-")
	if err != nil {
		return nil, err
	}
	return &leavings{file: file, counts: map[string]int{}}, os.Remove(file.Name())
}

// note keeps a piece that left.
func (l *leavings) note(kind, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[kind]++
	if _, err := fmt.Fprintf(l.file, "%s %s\n", kind, strings.ReplaceAll(text, "\n", " ")); err != nil {
		panic(err)
	}
}

func (l *leavings) count(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[kind]
}

// log is where a process writes its log.
func (l *leavings) log() io.Writer { return &lines{to: l} }

// lines notes whole lines; what has no end yet waits.
type lines struct {
	mu   sync.Mutex
	to   *leavings
	part []byte
}

func (w *lines) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, text...)
	for {
		line, rest, whole := bytes.Cut(w.part, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		w.to.note(leftLog, string(line))
		w.part = append([]byte(nil), rest...)
	}
}

// TagRPC and the others make leavings see how clients' calls end: details and all.
func (l *leavings) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (l *leavings) HandleRPC(_ context.Context, s stats.RPCStats) {
	if end, ok := s.(*stats.End); ok && end.Error != nil {
		l.refused(end.Error)
	}
}

func (l *leavings) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (l *leavings) HandleConn(context.Context, stats.ConnStats) {}

func (l *leavings) refused(err error) {
	from := status.Convert(err)
	l.note(leftError, fmt.Sprint(from.Message(), " ", from.Details()))
}

// watched makes a connection of a test's tell what it is refused.
func watched() grpc.DialOption { return grpc.WithStatsHandler(left) }

// straightWatched is a connection that is not dialled by a test.
type straightWatched struct{ grpc.ClientConnInterface }

func (c straightWatched) Invoke(ctx context.Context, method string, in, out any, options ...grpc.CallOption) error {
	err := c.ClientConnInterface.Invoke(ctx, method, in, out, options...)
	if err != nil {
		left.refused(err)
	}
	return err
}

// RoundTrip makes leavings the way of a test's HTTP: what is asked for, and what is refused.
func (l *leavings) RoundTrip(r *http.Request) (*http.Response, error) {
	l.note(leftURL, r.URL.String())
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	l.note(leftError, fmt.Sprint(response.Header, string(text)))
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response, err
}

// requested notes what a browser asks for.
func (l *leavings) requested(event any) {
	if sent, ok := event.(*network.EventRequestWillBeSent); ok {
		l.note(leftURL, sent.Request.URL+sent.Request.URLFragment)
	}
}

// secretKeys are what of a request is free text.
var secretKeys = []string{"description", "reason", "question", "text", "explanation", "topic", "comment", "answer", "feedback", "note", "title"}

// secretWords are names and free texts that the tests send; the scenarios' come to them.
var secretWords = []string{
	canary, canaryAddress, "Testinen", "Kaksi vuokraa", "palautettu", "Toisen henkil", "salainen", "whsec_",
	"Kuntoutuksen j", "Henki on vaarassa",
}

// secrets are all that no log, trace, metric, URL or error may hold.
func secrets() ([]string, error) {
	all, err := scenario.Load(scenarios.Files)
	words := slices.Clone(secretWords)
	for _, one := range all {
		for _, step := range one.Steps {
			var body any
			if len(step.Body) > 0 && json.Unmarshal(step.Body, &body) == nil {
				words = append(words, freeTexts("", body)...)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words), err
}

func freeTexts(key string, value any) (found []string) {
	switch value := value.(type) {
	case map[string]any:
		for key, one := range value {
			found = append(found, freeTexts(key, one)...)
		}
	case []any:
		for _, one := range value {
			found = append(found, freeTexts(key, one)...)
		}
	case string:
		if strings.Contains(value, " ") && slices.Contains(secretKeys, key) {
			found = append(found, value)
		}
	}
	return found
}

// jwt is a token, wherever it begins.
var jwt = regexp.MustCompile(`^eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*`)

// code is where a text holds an identity code whose check character is right; digits
// of other numbers hardly ever are.
func code(text []byte) int {
	const length = 11
	word := func(at int) bool {
		return at >= 0 && at < len(text) && (text[at] >= '0' && text[at] <= '9' || text[at]|0x20 >= 'a' && text[at]|0x20 <= 'z')
	}
	for at := range text {
		if text[at] < '0' || text[at] > '3' || word(at-1) || at+length > len(text) || word(at+length) {
			continue
		}
		if _, err := idcode.Parse(string(text[at:at+length]), true, time.Now()); err == nil {
			return at
		}
	}
	return -1
}

// found is what of it is in a text, with some of what is around; nothing where nothing is.
func found(text []byte, words []string) string {
	at := code(text)
	for from := 0; at < 0 && from < len(text); {
		next := bytes.Index(text[from:], []byte("eyJ"))
		if next < 0 {
			break
		}
		if jwt.Match(text[from+next:]) {
			at = from + next
		}
		from += next + 1
	}
	for i := 0; at < 0 && i < len(words); i++ {
		at = bytes.Index(text, []byte(words[i]))
	}
	if at < 0 {
		return ""
	}
	start := max(0, bytes.LastIndexByte(text[:at], '\n')+1, at-200)
	return string(text[start:min(len(text), at+100)])
}

// walk reads all that left, a piece at a time, and returns what should not have.
func (l *leavings) walk() (wrong []string, err error) {
	words, err := secrets()
	if err != nil {
		return nil, err
	}
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var kept []byte
	piece := make([]byte, 4<<20)
	for {
		n, err := io.ReadFull(l.file, piece)
		text := slices.Concat(kept, piece[:n])
		end := bytes.LastIndexByte(text, '\n') + 1
		if one := found(text[:end], words); one != "" {
			wrong = append(wrong, one)
		}
		kept = bytes.Clone(text[end:])
		if err != nil {
			return wrong, nil //nolint:nilerr // the end
		}
	}
}

// ended walks when all tests have run, and says what left that must not.
func (l *leavings) ended() bool {
	wrong, err := l.walk()
	fmt.Fprintf(os.Stderr, "what left was walked: %v\n", l.counts)
	if err != nil {
		fmt.Fprintln(os.Stderr, "and could not be read:", err)
	}
	for _, one := range wrong {
		fmt.Fprintln(os.Stderr, "this must not leave:", one)
	}
	return err == nil && len(wrong) == 0
}

// The leak check finds what it looks for in any form, and nothing else.
func TestTheWalkFindsWhatLeaks(t *testing.T) {
	words := must(secrets())
	if len(words) < 20 {
		t.Fatalf("only %d words to look for", len(words))
	}
	b := newBench(t)
	for _, leak := range []string{
		"010594Y9032", `{"code":"140391-9021"}`, "/clients/010594y9032/x", "Bearer " + b.tokens["kela"], "token=" + b.tokens["client"],
		"Sähköt palautettu, sosiaalityö jatkuu.", "for Testinen", "Voiko lääkityksen muutos selittää poissaolot?",
	} {
		l := must(newLeavings())
		l.note(leftURL, "/koppi.concern.v1.ConcernService/GetConcern")
		l.note(leftLog, `{"cause":"`+leak+`"}`)
		if wrong, err := l.walk(); err != nil || len(wrong) != 1 || !strings.HasPrefix(wrong[0], leftLog) {
			t.Errorf("%.12s: %v %v", leak, wrong, err)
		}
	}
	l := must(newLeavings())
	for range 100_000 {
		l.note(leftLog, `{"time":"2026-11-26T09:44:31.123456+0200","id":"019abc12-3456-7890-9021-140391902101","cursor":"AQdjb25jZXJuAQAAAAAAAAAA","eyJ":"eyJx"}`)
	}
	if wrong, err := l.walk(); err != nil || len(wrong) > 0 {
		t.Errorf("what may leave: %v %v", wrong, err)
	}
}

// Every outgoing path is recorded: a call, a refused call and a page.
func TestWhatLeavesIsSeen(t *testing.T) {
	before := map[string]int{}
	for _, kind := range []string{leftLog, leftURL, leftError} {
		before[kind] = left.count(kind)
	}
	b := newBench(t)
	if _, err := b.call("", submitCall, report(nil)); err == nil {
		t.Error("without a token")
	}
	for kind, count := range before {
		if left.count(kind) <= count {
			t.Errorf("no %s was seen", kind)
		}
	}
}
