// Command pack packs the kits for partners into gateway/kits/dist, which the gateway embeds. `make kits` runs it in the
// repository's folder. The same sources give the same bytes.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"koppi.internal/pkg/version"
)

// out is the folder of the packed kits, which is made anew.
const out = "gateway/kits/dist/packed"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run() error {
	packed := map[string][]byte{}
	for _, pack := range []func(map[string][]byte) error{packGo, packNode, packPython, packProto} {
		if err := pack(packed); err != nil {
			return err
		}
	}
	packed["VERSION"] = []byte(version.Number)
	var sums bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(packed)) {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(packed[name]), name)
	}
	packed["SHA256SUMS"] = sums.Bytes()
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(packed)) {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(path, packed[name], 0o600); err != nil {
			return err
		}
	}
	_, err := os.Stdout.Write(sums.Bytes())
	return err
}

// files reads the files below a folder whose path fits, by their path below it. A repository's own paths are not
// secret, and nothing is followed.
func files(folder string, fits func(path string) bool) (map[string][]byte, error) {
	found := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if name = filepath.ToSlash(name); err != nil || !fits(name) {
			return err
		}
		found[name], err = os.ReadFile(path) //nolint:gosec // of this repository
		return err
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds nothing to pack", folder)
	}
	return found, err
}

// partners reports whether a file of the contract is for partners: what operators and tests call is not.
func partners(path string) bool {
	return !strings.Contains(path, "koppi/operator/") && !strings.Contains(path, "koppi/dev/")
}

// licence adds the licence to a package.
func licence(to map[string][]byte, name string) error {
	text, err := os.ReadFile("LICENSE")
	to[name] = text
	return err
}

// goVersion is the version as Go writes it.
const goVersion = "v" + version.Number
