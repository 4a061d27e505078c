package fault_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// Every reason that the source names has its code and advice, and no other is known.
func TestTheListIsClosed(t *testing.T) {
	source, err := os.ReadFile("reasons.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Reason\s+= "([A-Z_]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) != len(fault.Reasons()) {
		t.Errorf("%d reasons are named and %d known", len(found), len(fault.Reasons()))
	}
	for _, match := range found {
		if !slices.Contains(fault.Reasons(), fault.Reason(match[1])) {
			t.Errorf("%s has no code and advice", match[1])
		}
	}
}

func TestARefusalCrossesTheWire(t *testing.T) {
	err := fault.New(fault.IllegalStep, "not now").With("allowed_steps", "CloseConcern").Field("a", "b")
	wire := status.ErrorProto(status.Convert(error(err)).Proto())
	if status.Code(wire) != codes.FailedPrecondition || fault.ReasonOf(wire) != fault.IllegalStep {
		t.Errorf("%v", wire)
	}
	if len(status.Convert(wire).Details()) != 2 || !strings.Contains(wire.Error(), "take one of the allowed steps") {
		t.Errorf("%v", status.Convert(wire).Details())
	}
}

func TestScrubLetsNothingElseOut(t *testing.T) {
	secret := errors.New("row 010594Y9032")
	for _, err := range []error{secret, fmt.Errorf("wrapped: %w", secret), fault.Store(secret), status.Error(codes.Unknown, "010594Y9032")} {
		if scrubbed := fault.Scrub(err); strings.Contains(scrubbed.Error(), "010594Y9032") || fault.ReasonOf(scrubbed) == "" {
			t.Errorf("%v", scrubbed)
		}
	}
	if status.Code(fault.Scrub(context.Canceled)) != codes.Canceled {
		t.Error("a cancellation is not told as one")
	}
}
