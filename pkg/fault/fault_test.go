package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// Every reason in the source has a code and advice, and there are no others.
func TestReasonsClosed(t *testing.T) {
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

// Every refusal for too many calls says when to try again, or what to do instead.
func TestBusyRefusalsAdviseRetry(t *testing.T) {
	refusals := regexp.MustCompile(`(?s)fault\.New\(fault\.(Busy|UploadsWaiting),.*?\n\t*(\}|return|if|case)`)
	found := 0
	for _, area := range []string{"../../pkg", "../../services", "../../gateway", "../../deploy"} {
		err := filepath.WalkDir(area, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, refusal := range refusals.FindAllString(string(source), -1) {
				found++
				if !strings.Contains(refusal, "RetryAfter(") && !strings.Contains(refusal, "Advise(") {
					t.Errorf("%s: %s", path, refusal)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 7 {
		t.Errorf("only %d refusals were found", found)
	}
	wire := status.ErrorProto(status.Convert(error(fault.New(fault.Busy, "too fast").RetryAfter(1500 * time.Millisecond))).Proto())
	if fault.RetryAfterOf(wire) != 1500*time.Millisecond || fault.ReasonOf(wire) != fault.Busy {
		t.Errorf("%v", wire)
	}
	advised := fault.New(fault.Busy, "too many").Advise("wait for the others")
	if advised.Error() != "too many: wait for the others" || fault.RetryAfterOf(advised) != 0 {
		t.Errorf("%v", advised)
	}
}

func TestRefusalOverGRPC(t *testing.T) {
	err := fault.New(fault.IllegalStep, "not now").With("allowed_steps", "CloseConcern").Field("a", "b")
	wire := status.ErrorProto(status.Convert(error(err)).Proto())
	if status.Code(wire) != codes.FailedPrecondition || fault.ReasonOf(wire) != fault.IllegalStep {
		t.Errorf("%v", wire)
	}
	if len(status.Convert(wire).Details()) != 2 || !strings.Contains(wire.Error(), "take one of the allowed steps") {
		t.Errorf("%v", status.Convert(wire).Details())
	}
}

func TestScrub(t *testing.T) {
	secret := errors.New("row 010594Y9032")
	for _, err := range []error{secret, fmt.Errorf("wrapped: %w", secret), fault.Store(secret), status.Error(codes.Unknown, "010594Y9032")} {
		if scrubbed := fault.Scrub(err); strings.Contains(scrubbed.Error(), "010594Y9032") || fault.ReasonOf(scrubbed) == "" {
			t.Errorf("%v", scrubbed)
		}
	}
	if status.Code(fault.Scrub(context.Canceled)) != codes.Canceled {
		t.Error("a cancellation has another code")
	}
}
