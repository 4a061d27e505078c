package merged_test

import (
	"testing"

	"google.golang.org/grpc/connectivity"

	"koppi.internal/pkg/fault"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A reader of one service's mailbox is told that the service does not answer, and reads on when it does: an empty
// page would look like the end of the mailbox.
func TestPollingAStoppedService(t *testing.T) {
	f := newFixture(t)
	f.concern.append()
	f.referral.append()
	page, err := f.client.ListMessages(f.ctx, &exchangev1.ListMessagesRequest{Service: "referral"})
	if err != nil || len(page.GetMessages()) != 1 || page.GetMessages()[0].GetService() != "referral" {
		t.Fatalf("%v %v", page, err)
	}
	f.referral.append()
	f.referral.stop()
	next := &exchangev1.ListMessagesRequest{Service: "referral", Cursor: page.GetNextCursor()}
	if page, err := f.client.ListMessages(f.ctx, next); fault.ReasonOf(err) != fault.Unavailable {
		t.Errorf("a stopped service: %v %v", page, err)
	}
	f.referral.start()
	for state := f.referral.conn.GetState(); state != connectivity.Ready; state = f.referral.conn.GetState() {
		f.referral.conn.Connect()
		f.referral.conn.WaitForStateChange(f.ctx, state)
	}
	if page, err := f.client.ListMessages(f.ctx, next); err != nil || len(page.GetMessages()) != 1 || page.GetMessages()[0].GetSequence() != 2 {
		t.Errorf("%v %v", page, err)
	}
	if _, err := f.client.ListMessages(f.ctx, &exchangev1.ListMessagesRequest{Service: "none"}); fault.ReasonOf(err) != fault.InvalidField {
		t.Errorf("an unknown service: %v", err)
	}
}
