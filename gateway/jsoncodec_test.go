package gateway_test

import (
	"strings"
	"testing"

	"koppi.internal/gateway"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// A field that cannot be read from JSON is named by its path, and its value is not repeated.
func TestMisfitsAreNamed(t *testing.T) {
	for text, path := range map[string]string{
		`{"send":{"request":{"@type":"type.googleapis.com/koppi.concern.v1.GetConcernRequest","concern":"x"}}}`: "send.request.concern",
		`{"send":{"request":{"@type":"type.googleapis.com/koppi.concern.v1.Nothing"}}}`:                         "send.request.@type",
		`{"send":{"requestID":"x"}}`:       "send.requestID",
		`{"open":{"window":-1}}`:           "open.window",
		`{"open":{"window":1},"opened":1}`: "opened",
	} {
		err := gateway.ReadStrict(text, &exchangev1.ExchangeRequest{})
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", text, err)
		}
	}
	const sound = `{"client":null,"basis":{"consentedAt":"2026-01-02T08:00:00Z"},"topics":["TOPIC_OTHER",1],"urgency":"URGENCY_NORMAL"}`
	if err := gateway.ReadStrict(sound, &concernv1.SubmitConcernRequest{}); err != nil {
		t.Errorf("valid JSON: %v", err)
	}
	deep := strings.Repeat(`{"client":`, 200) + strings.Repeat(`}`, 200)
	for _, text := range []string{``, `{`, `[]`, `"x"`, `{"client":{"details":`, deep} {
		if err := gateway.ReadStrict(text, &concernv1.SubmitConcernRequest{}); err == nil {
			t.Errorf("%.60s was read", text)
		}
	}
}
