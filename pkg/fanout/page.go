package fanout

import (
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/mailbox"
)

// defaultPage is the size of a page for which a request names none.
const defaultPage = 50

// PageSize is the page size that a request asks for.
func PageSize(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// OnPage is how many elements of a list fit on a page: at most size, at most the size of an answer
// in bytes, and none from the first element on that is not known to be next.
func OnPage[M proto.Message](size int, list []M, isNext func(M) bool) int {
	page := mailbox.Page{}
	for i, one := range list {
		if i == size || !isNext(one) || !page.Takes(one) {
			return i
		}
	}
	return len(list)
}
