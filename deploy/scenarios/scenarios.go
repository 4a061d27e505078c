// Package scenarios holds cases as they happen, to be replayed for real.
package scenarios

import "embed"

// Files are the scenario files, by name.
//
//go:embed *.json
var Files embed.FS
