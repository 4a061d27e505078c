package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// modules are those that a partner's program needs of ours, and the folders of their sources.
var modules = map[string]string{"koppi.internal/partner": "gateway/kits/go", "koppi.internal/proto": "proto"}

// packGo packs the modules as a module proxy serves them.
func packGo(packed map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		sources, err := files(modules[name], func(path string) bool {
			code := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && partners(path)
			if modules[name] == "proto" {
				code = code && strings.HasPrefix(path, "gen/")
			}
			return code || path == "go.mod" || path == "README.md" && modules[name] != "proto"
		})
		if err != nil {
			return err
		}
		if err := licence(sources, "LICENSE"); err != nil {
			return err
		}
		if sources["go.mod"], err = released(sources["go.mod"]); err != nil {
			return err
		}
		var archive bytes.Buffer
		var all []zip.File
		for _, path := range slices.Sorted(maps.Keys(sources)) {
			all = append(all, source{path, sources[path]})
		}
		if err := zip.Create(&archive, module.Version{Path: name, Version: goVersion}, all); err != nil {
			return err
		}
		info, err := json.Marshal(map[string]string{"Version": goVersion})
		if err != nil {
			return err
		}
		at := path.Join("go", name, "@v", goVersion)
		packed[at+".zip"], packed[at+".mod"], packed[at+".info"] = archive.Bytes(), sources["go.mod"], info
		packed[path.Join("go", name, "@v/list")] = []byte(goVersion + "\n")
		packed[path.Join("go", name, "@latest")] = info
	}
	return nil
}

// released is a go.mod that requires our modules in the version that is packed, in the place of folders beside it.
func released(text []byte) ([]byte, error) {
	file, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil, err
	}
	var ours []module.Version
	for _, replaced := range file.Replace {
		ours = append(ours, replaced.Old)
	}
	for _, one := range ours {
		if err := errors.Join(file.DropReplace(one.Path, one.Version), file.AddRequire(one.Path, goVersion)); err != nil {
			return nil, err
		}
	}
	file.Cleanup()
	return file.Format()
}

// source is a file of a module, as zip.Create asks for it.
type source struct {
	path string
	text []byte
}

func (s source) Path() string                 { return s.path }
func (s source) Lstat() (fs.FileInfo, error)  { return info{s}, nil }
func (s source) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(s.text)), nil }

type info struct{ source }

func (i info) Name() string     { return path.Base(i.path) }
func (i info) Size() int64      { return int64(len(i.text)) }
func (info) Mode() fs.FileMode  { return 0o644 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }
