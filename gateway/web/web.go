// Package web serves Koppi's pages: a single page application that Vite builds from src into
// dist/pages, and that is embedded into the binary.
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

// dist holds the built pages, and the page that is shown where they were not built.
//
//go:embed dist
var dist embed.FS

const (
	shell   = "index.html"
	unbuilt = "dist/unbuilt.html"
	// kept is the Cache-Control of files whose names change with their content. They hold code and
	// no data, so that a browser may keep them.
	kept = "public, max-age=31536000, immutable"
)

// Handler serves the pages at its root. A path that names no file gets the application, which
// resolves the address itself.
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

// application serves the page that loads the application; 503 where the pages were not built.
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
