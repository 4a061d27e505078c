package sqlite_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// recorder is a file layer between SQLite and the system. It passes every operation on and records
// those on the files of a folder in order, so that a test can reconstruct the disk as a power loss
// at any moment could have left it.
type recorder struct {
	mu     sync.Mutex
	folder string
	open   map[uintptr]string
	done   []operation
}

type operation struct {
	path string
	kind operationKind
	// at is the offset of a write, the size after a truncation, or whether the folder was synced
	// with a deletion.
	at   int64
	data []byte
}

type operationKind int

const (
	wrote operationKind = iota
	cutOff
	synced
	deleted
)

// recording is the only recorder, because SQLite's file layers belong to the process.
var recording = &recorder{open: map[uintptr]string{}}

// The layer below, and the method tables that replace its own.
var (
	layer     sqlite3.Tsqlite3_vfs
	below     *sqlite3.Tsqlite3_vfs
	belowAt   uintptr
	layerName = []byte("recording\x00")
	tables    = map[uintptr]*fileTable{}
	install   sync.Once
)

type fileTable struct {
	recorded, original sqlite3.Tsqlite3_io_methods
}

// record begins to record the operations on the files of a folder.
func record(t *testing.T, folder string) *recorder {
	t.Helper()
	install.Do(func() {
		tls := libc.NewTLS()
		belowAt = sqlite3.Xsqlite3_vfs_find(tls, 0)
		below = (*sqlite3.Tsqlite3_vfs)(pointer(belowAt))
		layer = *below
		layer.FzName = uintptr(unsafe.Pointer(&layerName[0]))
		*(*func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32)(unsafe.Pointer(&layer.FxOpen)) = layerOpen
		*(*func(*libc.TLS, uintptr, uintptr, int32) int32)(unsafe.Pointer(&layer.FxDelete)) = layerDelete
		if rc := sqlite3.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&layer)), 1); rc != sqlite3.SQLITE_OK {
			t.Fatalf("the file layer is refused: %d", rc)
		}
	})
	recording.mu.Lock()
	defer recording.mu.Unlock()
	recording.folder, recording.done = folder, nil
	return recording
}

// pointer converts an address of SQLite's memory, which the garbage collector does not move.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

// function converts a function pointer of SQLite to a function.
func function[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ uintptr }{address}))
}

func layerOpen(tls *libc.TLS, _, name, file uintptr, flags int32, outFlags uintptr) int32 {
	rc := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](below.FxOpen)(tls, belowAt, name, file, flags, outFlags)
	methods := (*uintptr)(pointer(file))
	if rc != sqlite3.SQLITE_OK || *methods == 0 || name == 0 {
		return rc
	}
	recording.mu.Lock()
	defer recording.mu.Unlock()
	recording.open[file] = libc.GoString(name)
	table := tables[*methods]
	if table == nil {
		original := *(*sqlite3.Tsqlite3_io_methods)(pointer(*methods))
		table = &fileTable{recorded: original, original: original}
		*(*func(*libc.TLS, uintptr, uintptr, int32, int64) int32)(unsafe.Pointer(&table.recorded.FxWrite)) = layerWrite
		*(*func(*libc.TLS, uintptr, int64) int32)(unsafe.Pointer(&table.recorded.FxTruncate)) = layerTruncate
		*(*func(*libc.TLS, uintptr, int32) int32)(unsafe.Pointer(&table.recorded.FxSync)) = layerSync
		tables[*methods] = table
		tables[uintptr(unsafe.Pointer(&table.recorded))] = table
	}
	*methods = uintptr(unsafe.Pointer(&table.recorded))
	return rc
}

// original returns the methods of the layer below for an open file.
func original(file uintptr) sqlite3.Tsqlite3_io_methods {
	recording.mu.Lock()
	defer recording.mu.Unlock()
	return tables[*(*uintptr)(pointer(file))].original
}

func layerWrite(tls *libc.TLS, file, buffer uintptr, amount int32, at int64) int32 {
	data := bytes.Clone(unsafe.Slice((*byte)(pointer(buffer)), amount))
	recording.add(file, operation{kind: wrote, at: at, data: data})
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](original(file).FxWrite)(tls, file, buffer, amount, at)
}

func layerTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	recording.add(file, operation{kind: cutOff, at: size})
	return function[func(*libc.TLS, uintptr, int64) int32](original(file).FxTruncate)(tls, file, size)
}

// layerSync records a sync once it has returned.
func layerSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	rc := function[func(*libc.TLS, uintptr, int32) int32](original(file).FxSync)(tls, file, flags)
	if rc == sqlite3.SQLITE_OK {
		recording.add(file, operation{kind: synced})
	}
	return rc
}

func layerDelete(tls *libc.TLS, _, name uintptr, syncFolder int32) int32 {
	rc := function[func(*libc.TLS, uintptr, uintptr, int32) int32](below.FxDelete)(tls, belowAt, name, syncFolder)
	if rc == sqlite3.SQLITE_OK {
		recording.mu.Lock()
		defer recording.mu.Unlock()
		recording.keep(operation{path: libc.GoString(name), kind: deleted, at: int64(syncFolder)})
	}
	return rc
}

func (r *recorder) add(file uintptr, one operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.path = r.open[file]
	r.keep(one)
}

func (r *recorder) keep(one operation) {
	if r.folder != "" && strings.HasPrefix(one.path, r.folder) {
		r.done = append(r.done, one)
	}
}

// now returns the number of recorded operations.
func (r *recorder) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.done)
}

// stop ends the recording and returns the operations.
func (r *recorder) stop() []operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.folder = ""
	return r.done
}

// sector is the number of bytes that a disk writes completely or not at all.
const sector = 512

// loss reconstructs a folder as a power loss after these operations could leave it: synced writes
// exist; each write after the last sync of its file exists, is lost or is torn, in any order.
func loss(t testing.TB, random *rand.Rand, operations []operation, from, to string) {
	t.Helper()
	files, pending, gone := map[string][]byte{}, map[string][]operation{}, map[string][]byte{}
	for _, one := range operations {
		switch one.kind {
		case synced:
			files[one.path] = applied(files[one.path], pending[one.path])
			delete(pending, one.path)
			// A synced new file has its name, so the old file is gone.
			delete(gone, one.path)
		case deleted:
			// A deletion is durable once the folder is synced, at once or later.
			if content, there := files[one.path]; there && one.at == 0 {
				gone[one.path] = content
			}
			delete(files, one.path)
			delete(pending, one.path)
		default:
			pending[one.path] = append(pending[one.path], one)
		}
	}
	for path, late := range pending {
		files[path] = applied(files[path], survivors(random, late))
	}
	for path, content := range gone {
		if random.IntN(2) == 0 {
			files[path] = content
		}
	}
	for path, content := range files {
		if err := os.WriteFile(filepath.Join(to, strings.TrimPrefix(path, from)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func survivors(random *rand.Rand, late []operation) []operation {
	var left []operation
	for _, one := range late {
		switch random.IntN(3) {
		case 0: // lost
		case 1:
			left = append(left, one)
		case 2:
			if one.kind == wrote {
				one.data = one.data[:random.IntN(len(one.data)/sector+1)*sector]
			}
			left = append(left, one)
		}
	}
	random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	return left
}

func applied(content []byte, operations []operation) []byte {
	content = slices.Clone(content)
	for _, one := range operations {
		if one.kind == cutOff {
			content = content[:min(int64(len(content)), one.at)]
			continue
		}
		if missing := one.at + int64(len(one.data)) - int64(len(content)); missing > 0 {
			content = append(content, make([]byte, missing)...)
		}
		copy(content[one.at:], one.data)
	}
	return content
}
