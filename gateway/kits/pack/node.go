package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/version"
)

// packed1985 is the time that npm gives to all files of a package.
var packed1985 = time.Date(1985, 10, 26, 8, 15, 0, 0, time.UTC)

// packNode packs the kit in TypeScript, which npm has built, as a package of npm.
func packNode(packed map[string][]byte) error {
	sources, err := files("gateway/kits/node", func(path string) bool {
		built := (strings.HasPrefix(path, "dist/") || strings.HasPrefix(path, "gen/")) && partners(path)
		return built || path == "README.md" || path == "package.json"
	})
	if err != nil {
		return err
	}
	if sources["dist/index.js"] == nil || sources["gen/koppi/exchange/v1/exchange_pb.js"] == nil {
		return errors.New("the kit in TypeScript is not built: make kits")
	}
	if err := licence(sources, "LICENSE"); err != nil {
		return err
	}
	if sources["package.json"], err = published(sources["package.json"]); err != nil {
		return err
	}
	var archive bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&archive, gzip.BestCompression)
	if err != nil {
		return err
	}
	tarred := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		header := tar.Header{Name: path.Join("package", name), Mode: 0o644, Size: int64(len(sources[name])), ModTime: packed1985, Format: tar.FormatUSTAR}
		if strings.HasPrefix(name, "dist/bin/") {
			header.Mode = 0o755
		}
		if err := tarred.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := tarred.Write(sources[name]); err != nil {
			return err
		}
	}
	if err := errors.Join(tarred.Close(), compressed.Close()); err != nil {
		return err
	}
	packed[fmt.Sprintf("npm/koppi-partner-%s.tgz", version.Number)] = archive.Bytes()
	return nil
}

// published is a package.json with the version, and without what only this repository needs.
func published(text []byte) ([]byte, error) {
	var about map[string]any
	if err := json.Unmarshal(text, &about); err != nil {
		return nil, err
	}
	for _, own := range []string{"private", "scripts", "devDependencies"} {
		delete(about, own)
	}
	about["version"] = version.Number
	return json.MarshalIndent(about, "", "  ")
}
