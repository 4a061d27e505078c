// Package config holds the files that Koppi starts with when it is told no other.
package config

import _ "embed"

// Directory lists the agencies of the scenarios.
//
//go:embed directory.json
var Directory []byte
