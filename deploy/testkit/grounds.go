package testkit

import (
	"bytes"

	"koppi.internal/pkg/ground"
)

// StoppingGrounds is a table in which a client's prohibition stops every message, so that an override is
// needed where the built-in table passes the prohibition.
func StoppingGrounds() *ground.File {
	text := bytes.ReplaceAll(ground.BuiltIn, []byte(`"prohibition": "RECORDED"`), []byte(`"prohibition": "STOPS"`))
	return &ground.File{Grounds: ground.Hold(Must(ground.Parse(text)))}
}
