package wake_test

import (
	"testing"

	"koppi.internal/pkg/wake"
)

func TestWakesCoalesceAndNeverBlock(t *testing.T) {
	hub := &wake.Hub{}
	woken, cancel := hub.Subscribe("kela")
	other, cancelOther := hub.Subscribe("hva")
	defer cancelOther()
	for i := range uint64(100) {
		hub.Notify("kela", i)
	}
	<-woken
	select {
	case <-woken:
		t.Error("woken twice")
	case <-other:
		t.Error("another's mailbox woke me")
	default:
	}
	cancel()
	hub.Notify("kela", 1)
	select {
	case <-woken:
		t.Error("woken after leaving")
	default:
	}
}
