package scenario_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"koppi.internal/deploy/scenario"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// asked keeps the last request for a token.
type asked struct{ request *devv1.IssueTokenRequest }

func (a *asked) Call(_ context.Context, _, call string, body []byte) ([]byte, error) {
	if call != "koppi.dev.v1.DevService/IssueToken" {
		return nil, errors.New("unexpected " + call)
	}
	a.request = &devv1.IssueTokenRequest{}
	return []byte(`{"token":"t"}`), protojson.Unmarshal(body, a.request)
}

// Each field of a member of the cast is in the request for the member's token.
func TestCastIsNamed(t *testing.T) {
	parsed, err := scenario.Parse([]byte(`{"title": "x", "cast": {"leader": {"agency": "terveys", "unit": "asema", "worker": "tk-01",
		"role": "team_leader", "name": "Taina Lähi", "profession": "health_professional"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	dev := &asked{}
	if err := (&scenario.Runner{Transport: dev, Dev: dev}).Run(t.Context(), parsed); err != nil {
		t.Fatal(err)
	}
	want := &devv1.IssueTokenRequest{
		Agency: "terveys", Unit: "asema", Worker: "tk-01", Role: "team_leader", Name: "Taina Lähi", Profession: "health_professional",
	}
	if !proto.Equal(dev.request, want) {
		t.Errorf("asked for %v", dev.request)
	}
}
