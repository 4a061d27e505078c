package concern_test

import (
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"koppi.internal/pkg/identity"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// mailboxes keeps the server that a service registers for its mailboxes.
type mailboxes struct {
	exchangev1.ExchangeServiceServer
}

func (m *mailboxes) RegisterService(_ *grpc.ServiceDesc, served any) {
	if server, is := served.(exchangev1.ExchangeServiceServer); is {
		m.ExchangeServiceServer = server
	}
}

// A tombstone states whether the matter was revoked or its content erased.
func TestTombstoneNamesReason(t *testing.T) {
	service, store := start(t)
	var box mailboxes
	service.Register(&box)
	revoked, erased := submitted(t, service, report()).GetConcernId(), submitted(t, service, report()).GetConcernId()
	if _, err := service.RevokeConcern(kela(t), &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: revoked, Reason: "väärä henkilö"}); err != nil {
		t.Fatal(err)
	}
	if err := store.Erase(t.Context(), "concerns/"+erased); err != nil {
		t.Fatal(err)
	}
	caller := identity.WithCaller(as(t, "hva", "", "", identity.RoleSystem), identity.Caller{Agency: "hva", System: true, Role: identity.RoleSystem})
	page := must(box.ListMessages(caller, &exchangev1.ListMessagesRequest{}))
	want := map[string]exchangev1.Erasure{"concerns/" + revoked: exchangev1.Erasure_ERASURE_REVOKED, "concerns/" + erased: exchangev1.Erasure_ERASURE_ERASED}
	found := map[string]bool{}
	for _, message := range page.GetMessages() {
		if message.GetEvent() != nil {
			continue
		}
		found[message.GetSubject()] = true
		if withheld := message.GetWithheld(); len(withheld) != 1 || withheld[0].GetRule() != "erased" || withheld[0].GetErasure() != want[message.GetSubject()] {
			t.Errorf("%s: %v, want %s", message.GetSubject(), withheld, want[message.GetSubject()])
		}
	}
	if len(found) != len(want) {
		t.Errorf("tombstones of %v", found)
	}
}
