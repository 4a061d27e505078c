// Package kits serves what partners' systems are built with: the kits in Go, TypeScript and Python of the gateway's own
// version, which `make kits` packs into dist, and which are embedded into the binary.
package kits

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist holds the packed kits, and the text that says that they were not packed.
//
//go:embed dist
var dist embed.FS

// Path is where the gateway serves the kits. Below it:
//
//	go/      the protocol of Go's module proxies
//	npm/     a package for npm
//	python/  a wheel for pip, which Python can also import as it is
//	proto/   the contract and its test vectors
//	SHA256SUMS
const Path = "/kits/"

const (
	packed   = "dist/packed"
	sums     = "SHA256SUMS"
	unpacked = "dist/unpacked.txt"
)

// types are the media types of packed files, by the end of their name. A module proxy's others are texts.
var types = map[string]string{".zip": "application/zip", ".whl": "application/zip", ".tgz": "application/gzip", ".info": "application/json"}

// Handler serves the kits below Path. What is not there is 404, so that Go asks its next proxy for another module.
func Handler() http.Handler { return http.StripPrefix(strings.TrimSuffix(Path, "/"), serve(Files())) }

// Files returns the packed kits, without SHA256SUMS if they were not packed.
func Files() fs.FS {
	files, err := fs.Sub(dist, packed)
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

func serve(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if _, err := fs.Stat(files, sums); err != nil {
			text, err := dist.ReadFile(unpacked)
			if err != nil {
				panic(err) // it is built in
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write(text)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if about, err := fs.Stat(files, name); err != nil || about.IsDir() {
			http.Error(w, "there is no such file: "+Path+sums+" lists all", http.StatusNotFound)
			return
		}
		if media, named := types[path.Ext(name)]; named {
			w.Header().Set("Content-Type", media)
		}
		http.ServeFileFS(w, r, files, name) //nolint:gosec // of an embedded folder, by a cleaned path
	})
}
