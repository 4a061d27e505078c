package web_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// most is how much a first visit may load, packed: two seconds on a slow mobile line.
const most = 350_000

// What a first visit loads is small: the entry, what it imports at once, and their styles.
func TestFirstLoad(t *testing.T) {
	const pages = "dist/pages"
	text, err := os.ReadFile(filepath.Join(pages, "manifest.json"))
	if err != nil {
		t.Fatalf("the pages are not built: make pages: %v", err)
	}
	var chunks map[string]struct {
		File         string
		IsEntry      bool
		Imports, CSS []string
	}
	if err := json.Unmarshal(text, &chunks); err != nil {
		t.Fatal(err)
	}
	loaded := map[string]int{}
	load := func(file string) {
		content, err := os.ReadFile(filepath.Join(pages, file))
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(content)
		_ = w.Close()
		loaded[file] = packed.Len()
	}
	var follow func(name string)
	follow = func(name string) {
		chunk, there := chunks[name]
		if _, done := loaded[chunk.File]; done {
			return
		}
		if !there {
			t.Fatalf("the manifest has no %s", name)
		}
		load(chunk.File)
		for _, style := range chunk.CSS {
			load(style)
		}
		for _, imported := range chunk.Imports {
			follow(imported)
		}
	}
	load("index.html")
	for name, chunk := range chunks {
		if chunk.IsEntry {
			follow(name)
		}
	}
	sum := 0
	for _, size := range loaded {
		sum += size
	}
	t.Logf("a first visit loads %d bytes packed: %v", sum, loaded)
	if len(loaded) < 3 || sum > most {
		t.Errorf("a first visit loads %d bytes packed, more than %d: %v", sum, most, loaded)
	}
}
