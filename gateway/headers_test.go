package gateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"koppi.internal/gateway"
	"koppi.internal/gateway/web"
	"koppi.internal/pkg/serve"
)

// served serves pages, and calls that panic, over TLS where config is set.
func served(t *testing.T, log io.Writer, pages http.Handler, config *tls.Config) string {
	t.Helper()
	handler, err := gateway.New(gateway.Config{
		Services: map[string]grpc.ClientConnInterface{"koppi.concern.v1.ConcernService": broken{}}, LocalOnly: []string{"koppi.dev.v1.DevService"},
		Pages: pages, Logger: slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	if config != nil {
		listener, address = tls.NewListener(listener, config), "https://"+listener.Addr().String()
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve.HTTP(ctx, slog.New(slog.NewJSONHandler(log, nil)), handler, listener)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return address
}

// broken is a connection whose use panics.
type broken struct{ grpc.ClientConnInterface }

func (broken) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	panic("salainen 010594Y9032")
}

func answerOf(t *testing.T, client *http.Client, method, url, kind string) (*http.Response, error) {
	t.Helper()
	body := ""
	if kind == "application/json" {
		body = "{}"
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { _ = response.Body.Close() })
	}
	return response, err
}

// Every answer has the headers that keep other sites from using the pages through a browser. Over TLS
// it has Strict-Transport-Security, and HTTP/2 is offered.
func TestSecurityHeaders(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	defer cert.Close()
	digest := sha256.Sum256(nil)
	nothing := base64.StdEncoding.EncodeToString(digest[:])
	secured := &tls.Config{Certificates: cert.TLS.Certificates, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	for _, config := range []*tls.Config{nil, secured} {
		address := served(t, io.Discard, web.Handler(), config)
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
		for _, test := range []struct{ method, path, kind string }{
			{http.MethodGet, "/", ""},
			{http.MethodGet, "/work/concerns/x", ""},
			{http.MethodGet, "/assets/nothing.js", ""},
			{http.MethodGet, "/assets", ""},
			{http.MethodGet, "/manifest.json", ""},
			{http.MethodGet, "/healthz", ""},
			{http.MethodPost, getConcern + "s", "application/json"},
			{http.MethodPost, "/koppi.concern.v1.ConcernService/Nothing", "application/grpc"},
			{http.MethodPost, getConcern, "text/plain"},
			{http.MethodDelete, "/", ""},
			{http.MethodPost, "/koppi.plan.v1.PlanService/GetPlan", "application/json"},
			{http.MethodGet, "/..%2f..%2f..%2fetc/passwd", ""},
			{http.MethodGet, "/%2e%2e/%2e%2e/web.go", ""},
			{http.MethodGet, "/assets/../../web.go", ""},
		} {
			response, err := answerOf(t, client, test.method, address+test.path, test.kind)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-" + nothing + "'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
					"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := response.Header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s %s: %s is %q", test.method, test.path, name, got)
				}
			}
			if !strings.Contains(response.Header.Get("Permissions-Policy"), "camera=()") {
				t.Errorf("%s %s: %v", test.method, test.path, response.Header)
			}
			if strict := response.Header.Get("Strict-Transport-Security"); (strict != "") != (config != nil) {
				t.Errorf("TLS %v: %q", config != nil, strict)
			}
			if config != nil && response.ProtoMajor != 2 {
				t.Errorf("over TLS the answer is %s", response.Proto)
			}
			if text, _ := io.ReadAll(response.Body); strings.Contains(string(text), "package web") || strings.Contains(string(text), "root:") {
				t.Errorf("%s leads out of the pages", test.path)
			}
		}
	}
}

// A browser may store the files whose names change with their content, and nothing else: no page, no
// answer, and no error, even under such a name.
func TestBrowserCache(t *testing.T) {
	address := served(t, io.Discard, web.Handler(), nil)
	got := func(path string, headers ...string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	page, _ := io.ReadAll(got("/").Body)
	assets := regexp.MustCompile(`/assets/[^"]+`).FindAllString(string(page), -1)
	if len(assets) < 2 {
		t.Fatalf("the pages are not built: make pages: %s", page)
	}
	for _, asset := range assets {
		for _, coding := range []string{"gzip", "identity"} {
			answer := got(asset, "Accept-Encoding", coding)
			if kept := answer.Header.Values("Cache-Control"); answer.StatusCode != http.StatusOK || len(kept) != 1 || !strings.Contains(kept[0], "immutable") {
				t.Errorf("%s, %s: %s, kept %q", asset, coding, answer.Status, kept)
			}
			if packed := answer.Header.Get("Content-Encoding") == "gzip"; packed != (coding == "gzip") && answer.ContentLength > 1<<10 {
				t.Errorf("%s, %s: it comes as %q", asset, coding, answer.Header.Get("Content-Encoding"))
			}
		}
	}
	for path, code := range map[string]int{
		"/": http.StatusOK, "/work/concerns/x": http.StatusOK, "/icon.svg": http.StatusOK, "/assets/nothing.js": http.StatusNotFound, "/nothing.js": http.StatusNotFound,
	} {
		answer := got(path)
		if kept := answer.Header.Values("Cache-Control"); answer.StatusCode != code || len(kept) != 1 || kept[0] != "no-store" {
			t.Errorf("%s: %s, kept %q", path, answer.Status, kept)
		}
	}
	if answer := got(assets[0], "Range", "bytes=99999999-"); answer.StatusCode != http.StatusRequestedRangeNotSatisfiable || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a range beyond the end: %s, kept %q", answer.Status, answer.Header.Get("Cache-Control"))
	}
}

// A panic ends its call and no other. Its value reaches neither the caller nor the log, which has the
// stack.
func TestPanicsDiscloseNothing(t *testing.T) {
	var log bytes.Buffer
	address := served(t, &log, web.Handler(), nil)
	for _, kind := range []string{"application/json", "application/proto"} {
		response, err := answerOf(t, http.DefaultClient, http.MethodPost, address+getConcern, kind)
		if err == nil {
			text, _ := io.ReadAll(response.Body)
			t.Errorf("a panic was answered: %d %s", response.StatusCode, text)
		} else if strings.Contains(err.Error(), "salainen") {
			t.Error(err)
		}
	}
	if response, err := answerOf(t, http.DefaultClient, http.MethodGet, address+"/healthz", ""); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("after a panic: %v", err)
	}
	if text := log.String(); strings.Contains(text, "salainen") || strings.Contains(text, "9032") || !strings.Contains(text, `"msg":"panic"`) || !strings.Contains(text, "headers_test.go") {
		t.Errorf("the log holds the value, or lacks the stack: %s", text)
	}
}
