package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A mail that is being sent when the gateway stops is finished, within a time limit. At the end of the
// lease, when another gateway may send, it is cut off at once.
func TestMailIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped, stop := context.WithCancel(t.Context())
		sending, end := finishing(stopped)
		defer end()
		stop()
		time.Sleep(finishTime - time.Millisecond) // synctest's clock
		synctest.Wait()
		if sending.Err() != nil {
			t.Error("cut off when the gateway stops")
		}
		time.Sleep(2 * time.Millisecond) // synctest's clock
		synctest.Wait()
		if sending.Err() == nil {
			t.Error("it may take any time")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		lease, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		sending, done := finishing(lease)
		defer done()
		time.Sleep(time.Second + time.Millisecond) // synctest's clock
		synctest.Wait()
		if sending.Err() == nil {
			t.Error("it continues after the lease")
		}
	})
}
