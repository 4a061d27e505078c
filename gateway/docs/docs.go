// Package docs serves the documentation for partners: prose in Markdown, the reference and the OpenAPI
// document, which are made from the contract itself, and the catalogues of events and reasons. All of it is
// static: it has no script, and it names no outside address.
package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// Path is where the documentation is served.
const Path = "/docs"

//go:embed assets
var assets embed.FS

// policy is the Content Security Policy of the documentation: its own styles, font and pictures, and no
// script at all.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// Handler serves the documentation below Path. The pages are made when the first of them is asked for.
func Handler() http.Handler {
	site := sync.OnceValues(func() (map[string]file, error) {
		s, err := build()
		if err != nil {
			return nil, err
		}
		return s.files, nil
	})
	return gzhttp.GzipHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files, err := site()
		if err != nil {
			http.Error(w, "the documentation cannot be made", http.StatusInternalServerError)
			return
		}
		serve(w, r, files)
	}))
}

// file is one address of the documentation.
type file struct {
	kind, etag string
	content    []byte
}

// kinds are the media types of all files; the table of the system may be missing.
var kinds = map[string]string{
	"": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

func newFile(name string, content []byte) file {
	kind := kinds[path.Ext(name)]
	sum := sha256.Sum256(content)
	return file{kind: kind, etag: fmt.Sprintf("%q", hex.EncodeToString(sum[:12])), content: content}
}

func serve(w http.ResponseWriter, r *http.Request, files map[string]file) {
	found, ok := files[strings.TrimSuffix(r.URL.Path, "/")]
	if !ok {
		found = files[missingPage]
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Content-Type", found.kind)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(found.content)
		return
	}
	// It holds nothing of anybody: a browser may keep it, and asks whether it is still the same.
	header.Set("Cache-Control", "no-cache")
	header.Set("Etag", found.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.content))
}
