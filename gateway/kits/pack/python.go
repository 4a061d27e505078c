package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"koppi.internal/pkg/version"
)

const pythonName = "koppi_partner"

// packPython packs the kit in Python as a wheel, which pip installs and Python imports as it is.
func packPython(packed map[string][]byte) error {
	sources, err := files("gateway/kits/python", func(path string) bool {
		return strings.HasPrefix(path, pythonName+"/") && strings.HasSuffix(path, ".py")
	})
	if err != nil {
		return err
	}
	if sources[pythonName+"/contract.json"], err = described(); err != nil {
		return err
	}
	readme, err := os.ReadFile("gateway/kits/python/README.md")
	if err != nil {
		return err
	}
	about := fmt.Sprintf("%s-%s.dist-info/", pythonName, version.Number)
	sources[about+"METADATA"] = fmt.Appendf(nil, "Metadata-Version: 2.1\nName: koppi-partner\nVersion: %s\n"+
		"Summary: What a partner agency's system needs to send and read Koppi's case messages\nLicense: EUPL-1.2\nRequires-Python: >=3.9\n"+
		"Description-Content-Type: text/markdown\n\n%s", version.Number, readme)
	sources[about+"WHEEL"] = []byte("Wheel-Version: 1.0\nGenerator: koppi\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
	if err := licence(sources, about+"LICENSE"); err != nil {
		return err
	}
	var record bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		sum := sha256.Sum256(sources[name])
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(sources[name]))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", about)
	sources[about+"RECORD"] = record.Bytes()
	packed[fmt.Sprintf("python/%s-%s-py3-none-any.whl", pythonName, version.Number)], err = zipped(sources)
	return err
}

// packProto packs the contract and its test vectors, for partners who generate code of another language.
func packProto(packed map[string][]byte) error {
	sources, err := files("proto", func(path string) bool {
		contract := strings.HasPrefix(path, "koppi/") && strings.HasSuffix(path, ".proto") && partners(path) && !strings.HasSuffix(path, "_internal.proto")
		return contract || strings.HasPrefix(path, "vectors/")
	})
	if err != nil {
		return err
	}
	if err := licence(sources, "LICENSE"); err != nil {
		return err
	}
	packed[fmt.Sprintf("proto/koppi-proto-%s.zip", version.Number)], err = zipped(sources)
	return err
}

// zipped is an archive of files, in the order of their names and of one time.
func zipped(sources map[string][]byte) ([]byte, error) {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		file, err := writer.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(sources[name]); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return archive.Bytes(), err
}
