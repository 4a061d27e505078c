// Package config holds the files that Koppi uses if no others are given.
package config

import _ "embed"

// Directory lists the agencies of the scenarios.
//
//go:embed directory.json
var Directory []byte
