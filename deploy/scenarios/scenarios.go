// Package scenarios holds cases as they happen in practice, to be replayed against a running Koppi.
package scenarios

import "embed"

// Files are the scenario files, by name.
//
//go:embed *.json
var Files embed.FS
