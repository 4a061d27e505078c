package kits

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func get(files fstest.MapFS, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	serve(files).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer
}

// Kits that were not packed are 503 with what to do. Go would take 404 for a module that is elsewhere.
func TestUnpacked(t *testing.T) {
	if answer := get(fstest.MapFS{}, "/go/koppi.internal/partner/@v/list"); answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "make kits") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// A file has the media type of its kind. A folder, and what is not there, is 404.
func TestServe(t *testing.T) {
	files := fstest.MapFS{
		sums: {Data: []byte("x")}, "npm/a.tgz": {Data: []byte("tar")}, "go/m/@v/v1.0.0.zip": {Data: []byte("zip")},
		"go/m/@v/v1.0.0.info": {Data: []byte("{}")}, "go/m/@latest": {Data: []byte("{}")},
	}
	for path, want := range map[string]string{
		"/npm/a.tgz": "application/gzip", "/go/m/@v/v1.0.0.zip": "application/zip", "/go/m/@v/v1.0.0.info": "application/json",
		"/go/m/@latest": "text/plain; charset=utf-8", "/SHA256SUMS": "text/plain; charset=utf-8",
	} {
		if answer := get(files, path); answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != want {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Header().Get("Content-Type"))
		}
	}
	for _, path := range []string{"/", "/npm", "/npm/", "/go/other/@v/list", "/../kits.go"} {
		if answer := get(files, path); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}
