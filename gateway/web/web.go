// Package web serves Koppi's pages: a single page application, built by Vite from src
// into dist/pages, and embedded into the binary.
package web

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzhttp"
)

// dist holds what was built, and what is shown where nothing was.
//
//go:embed dist
var dist embed.FS

const (
	shell   = "index.html"
	unbuilt = "dist/unbuilt.html"
	// kept is said of files whose names change with their content: they hold code and
	// no data, so that a browser may keep them.
	kept = "public, max-age=31536000, immutable"
)

// Handler serves the pages at its root. Every address that names no file is the
// application's own to understand.
func Handler() http.Handler {
	pages, err := fs.Sub(dist, "dist/pages")
	if err != nil {
		panic(err) // the name is a constant
	}
	return gzhttp.GzipHandler(serve(pages))
}

func serve(pages fs.FS) http.Handler {
	files := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name == "" || path.Ext(name) == "" {
			application(w, r, pages)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			if _, err := fs.Stat(pages, name); err == nil {
				w.Header().Set("Cache-Control", kept)
			}
		}
		files.ServeHTTP(w, r)
	})
}

// application serves the page that loads the rest.
func application(w http.ResponseWriter, r *http.Request, pages fs.FS) {
	_, err := fs.Stat(pages, shell)
	switch {
	case err == nil:
		http.ServeFileFS(w, r, pages, shell)
	case errors.Is(err, fs.ErrNotExist):
		page, err := dist.ReadFile(unbuilt)
		if err != nil {
			panic(err) // it is built in
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(page)
	default:
		http.Error(w, "the pages cannot be read", http.StatusInternalServerError)
	}
}
