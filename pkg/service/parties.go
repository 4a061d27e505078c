package service

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/protofield"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// checkParties checks all parties that a request names, at any depth, against the directory: the
// agency must exist, and the unit must belong to it.
func checkParties(agencies *directory.Directory, r proto.Message) error {
	return partiesIn(agencies, r.ProtoReflect(), "")
}

// partyFields lead to parties.
var partyFields = protofield.Leading{To: func(field protoreflect.FieldDescriptor) bool {
	return field.Message() != nil && field.Message().FullName() == "koppi.common.v1.Party"
}}

func partiesIn(agencies *directory.Directory, message protoreflect.Message, at string) (wrong error) {
	if party, ok := message.Interface().(*commonv1.Party); ok {
		return agencies.Check(party, at)
	}
	partyFields.Range(message, func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		path := strings.TrimPrefix(at+"."+string(field.Name()), ".")
		if !field.IsList() {
			wrong = partiesIn(agencies, value.Message(), path)
			return wrong == nil
		}
		for i := 0; i < value.List().Len() && wrong == nil; i++ {
			wrong = partiesIn(agencies, value.List().Get(i).Message(), fmt.Sprintf("%s[%d]", path, i))
		}
		return wrong == nil
	})
	return wrong
}
