package callback

import (
	"net/http"
	"testing"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/testkit"
	"koppi.internal/deploy/testkit/partnertest"
	"koppi.internal/gateway/callback"
	"koppi.internal/pkg/directory"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// newCalled is an instance that calls Kela at an address.
func newCalled(t *testing.T, protocol, url string, settings callback.Settings) *testkit.Fixture {
	t.Helper()
	agencies, err := directory.Parse(partnertest.CallbackDirectory(t, protocol, url))
	if err != nil {
		t.Fatal(err)
	}
	return testkit.NewFixtureWith(t, allinone.Config{Directory: agencies, Callbacks: settings, CallbackTiming: partnertest.CallbackTiming})
}

// submissions are so many reports, each of its own.
func submissions(count int) []*concernv1.SubmitConcernRequest {
	all := make([]*concernv1.SubmitConcernRequest, count)
	for i := range all {
		all[i] = testkit.Submission()
	}
	return all
}

// waiting is an endpoint that has taken nothing yet, and the messages that wait for it.
type waiting struct {
	*partnertest.Endpoint
	fixture *testkit.Fixture
	box     *partnertest.Inbox
	// handler takes what comes into the box.
	handler http.Handler
}

// newWaiting has reports made, each a message for Kela, while its endpoint is unavailable.
func newWaiting(t *testing.T, requests []*concernv1.SubmitConcernRequest) *waiting {
	t.Helper()
	w := &waiting{Endpoint: partnertest.NewEndpoint(t), box: partnertest.OpenInbox(t, "kela")}
	t.Cleanup(func() { _ = w.box.Close() })
	w.fixture, w.handler = newCalled(t, "CONNECT", w.Address, callback.Settings{CallbackSecrets: partnertest.CallbackSecretsFile(t, partnertest.CallbackSecret)}), w.box.Endpoint(t, partnertest.CallbackSecret)
	service := concernv1.NewConcernServiceClient(w.fixture.Conn())
	for _, request := range requests {
		testkit.Must(service.SubmitConcern(w.fixture.As("kela"), request))
	}
	return w
}
