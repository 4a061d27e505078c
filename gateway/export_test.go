package gateway

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"
)

// ReadStrict reads a JSON text as the gateway does.
func ReadStrict(text string, message proto.Message) error {
	return strictJSON().UnmarshalRead(context.Background(), strings.NewReader(text), message)
}
