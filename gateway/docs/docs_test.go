package docs

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func built(t *testing.T) *site {
	t.Helper()
	s, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	links = regexp.MustCompile(` (?:href|src)="([^"]*)"`)
	ids   = regexp.MustCompile(` id="([^"]*)"`)
)

// Every link leads to an address of the documentation, and to a place that the page there has. No page names
// an address elsewhere.
func TestLinks(t *testing.T) {
	s := built(t)
	places := map[string]bool{}
	for address, file := range s.files {
		places[address] = true
		for _, id := range ids.FindAllStringSubmatch(string(file.content), -1) {
			places[address+"#"+html.UnescapeString(id[1])] = true
		}
	}
	count := 0
	for _, address := range s.addresses() {
		if !strings.HasPrefix(s.files[address].kind, "text/html") {
			continue
		}
		for _, link := range links.FindAllStringSubmatch(string(s.files[address].content), -1) {
			count++
			to := html.UnescapeString(link[1])
			if strings.HasPrefix(to, "#") {
				to = address + to
			}
			if !places[to] {
				t.Errorf("%s leads to %s, which does not exist", address, to)
			}
		}
	}
	if count < 1000 {
		t.Errorf("only %d links were found", count)
	}
}

// Ids are unique on a page.
func TestIDs(t *testing.T) {
	s := built(t)
	for _, address := range s.addresses() {
		seen := map[string]bool{}
		for _, id := range ids.FindAllStringSubmatch(string(s.files[address].content), -1) {
			if seen[id[1]] {
				t.Errorf("%s has the id %s twice", address, id[1])
			}
			seen[id[1]] = true
		}
	}
}

// The documentation is served with its own strict policy; what does not exist is not found; a browser that
// has a page is told that it is the same.
func TestServing(t *testing.T) {
	handler := Handler()
	get := func(path, etag string) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		request.Header.Set("If-None-Match", etag)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer
	}
	for path, kind := range map[string]string{
		"/docs": "text/html; charset=utf-8", "/docs/": "text/html; charset=utf-8", "/docs/events/concern": "text/html; charset=utf-8",
		"/docs/openapi.json": "application/json", "/docs/assets/docs.css": "text/css; charset=utf-8",
	} {
		answer := get(path, "")
		if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != kind || answer.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d, %v", path, answer.Code, answer.Header())
		}
		if again := get(path, answer.Header().Get("Etag")); again.Code != http.StatusNotModified {
			t.Errorf("%s again: %d", path, again.Code)
		}
	}
	if answer := get("/docs/nothing", ""); answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), "<h1") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	for _, banned := range []string{"<script", "style=", "http://", "https://"} {
		if page := get("/docs", "").Body.String(); strings.Contains(page, banned) {
			t.Errorf("the first page has %s", banned)
		}
	}
}
