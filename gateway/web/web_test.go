package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/gzhttp"
)

var built = fstest.MapFS{
	"index.html":         {Data: []byte("<!doctype html><title>Koppi</title>" + strings.Repeat("<p></p>", 500))},
	"icon.svg":           {Data: []byte("<svg/>")},
	"assets/index-a1.js": {Data: []byte(strings.Repeat("koppi();\n", 1000))},
}

func get(t *testing.T, handler http.Handler, method, path string, accept ...string) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for _, coding := range accept {
		request.Header.Set("Accept-Encoding", coding)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer.Result()
}

func text(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Every address that names no file is the application's; a file that is not there is not
// found, and never the application instead.
func TestAddresses(t *testing.T) {
	index := string(built["index.html"].Data)
	for path, want := range map[string]struct {
		code int
		kind string
		body string
	}{
		"/":                                   {http.StatusOK, "text/html", index},
		"/work":                               {http.StatusOK, "text/html", index},
		"/work/concerns/x":                    {http.StatusOK, "text/html", index},
		"/work/concerns/":                     {http.StatusOK, "text/html", index},
		"/assets":                             {http.StatusOK, "text/html", index},
		"/assets/":                            {http.StatusOK, "text/html", index},
		"/work?show=overdue":                  {http.StatusOK, "text/html", index},
		"/icon.svg":                           {http.StatusOK, "image/svg+xml", "<svg/>"},
		"/assets/index-a1.js":                 {http.StatusOK, "text/javascript", string(built["assets/index-a1.js"].Data)},
		"/assets/index-b2.js":                 {http.StatusNotFound, "text/plain", "404 page not found\n"},
		"/nothing.js":                         {http.StatusNotFound, "text/plain", "404 page not found\n"},
		"/assets/%2e%2e/%2e%2e/web.go":        {http.StatusNotFound, "text/plain", "404 page not found\n"},
		"/work/concerns/assets/index-a1.js":   {http.StatusNotFound, "text/plain", "404 page not found\n"},
		"/..%2f..%2fsrc/texts/words.json%00x": {http.StatusNotFound, "text/plain", ""},
	} {
		answer := get(t, serve(built), http.MethodGet, path)
		said := text(t, answer)
		if answer.StatusCode != want.code || !strings.HasPrefix(answer.Header.Get("Content-Type"), want.kind) || want.body != "" && said != want.body {
			t.Errorf("%s: %s, %s: %.60s", path, answer.Status, answer.Header.Get("Content-Type"), said)
		}
	}
	if answer := get(t, serve(built), http.MethodHead, "/work"); answer.StatusCode != http.StatusOK || text(t, answer) != "" {
		t.Errorf("only its head was asked: %s", answer.Status)
	}
}

// Only files whose names change with what they hold may be kept.
func TestKept(t *testing.T) {
	for path, want := range map[string]string{
		"/assets/index-a1.js": kept, "/assets/index-b2.js": "", "/": "", "/work/concerns/x": "", "/icon.svg": "", "/index.html": "",
	} {
		if got := get(t, serve(built), http.MethodGet, path).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}

// What is long goes packed to who takes it so, and plain to who does not.
func TestPacked(t *testing.T) {
	packed := gzhttp.GzipHandler(serve(built))
	for _, path := range []string{"/", "/assets/index-a1.js"} {
		answer := get(t, packed, http.MethodGet, path, "gzip")
		if answer.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(answer.Header.Get("Vary"), "Accept-Encoding") {
			t.Fatalf("%s: %v", path, answer.Header)
		}
		unpacked, err := gzip.NewReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(unpacked)
		if plain := text(t, get(t, packed, http.MethodGet, path)); err != nil || string(whole) != plain {
			t.Errorf("%s: %d bytes, and %d plain: %v", path, len(whole), len(plain), err)
		}
	}
}

// Where nothing was built, every address says what to do; a missing file is still missing.
func TestUnbuilt(t *testing.T) {
	for _, path := range []string{"/", "/work/concerns/x"} {
		answer := get(t, serve(fstest.MapFS{}), http.MethodGet, path)
		if said := text(t, answer); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(said, "make run") || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %s %s", path, answer.Status, said)
		}
	}
	if answer := get(t, serve(fstest.MapFS{}), http.MethodGet, "/assets/index-a1.js"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a file that was not built: %s", answer.Status)
	}
}
