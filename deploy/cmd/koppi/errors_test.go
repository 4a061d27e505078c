package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"koppi.internal/pkg/fault"
)

// Errors that came over gRPC are printed without gRPC's prefix: refusals, and problems of the connection.
func TestErrorTexts(t *testing.T) {
	refused := fault.New(fault.InvalidField, "the request is not well formed").Field("agency", "small letters").GRPCStatus().Err()
	for want, err := range map[string]error{
		"a plain one": errors.New("a plain one"),
		"the request is not well formed: correct the named fields and send the request again; agency: small letters":       refused,
		"load: the request is not well formed: correct the named fields and send the request again; agency: small letters": fmt.Errorf("load: %w", refused),
		"no tokens\nKoppi does not answer at this address; check that it is running and that --address is right (Error while dialing: connection refused)": errors.Join(errors.New("no tokens"),
			status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: connection refused"`)),
		"Koppi did not answer in time; try again":                                                 status.Error(codes.DeadlineExceeded, "context deadline exceeded"),
		"interrupted before Koppi answered":                                                       status.Error(codes.Canceled, "context canceled"),
		"the server at this address is not Koppi, or is another version (unexpected HTTP status)": status.Error(codes.Unknown, "unexpected HTTP status"),
	} {
		if got := errorText(err); got != want {
			t.Errorf("%v is printed as %q, want %q", err, got, want)
		}
	}
}

// A parked subject can be named as in the list or the log, or by its id alone. Otherwise the error
// says how.
func TestRetryRequest(t *testing.T) {
	const id = "01981234-1234-7234-8234-123456789abc"
	for _, given := range [][2]string{{"concern", "concerns/" + id}, {"concern", id}, {"concerns", id}, {"concern", strings.ToUpper(id)}} {
		request, err := (&callbacksRetry{Agency: "kela", Service: given[0], Subject: given[1]}).request()
		if err != nil || request.GetService() != "concern" || request.GetSubject() != "concerns/"+id || request.GetConsumer() != "callback" || request.GetAgency() != "kela" {
			t.Errorf("%v: %v, %v", given, request, err)
		}
	}
	for given, want := range map[[2]string]string{
		{"nix", id}: "name concern, referral, consultation or plan", {"plan", "anna"}: "such as plans/0198…, or only its id", {"plan", ""}: "only its id",
	} {
		if _, err := (&callbacksRetry{Agency: "kela", Service: given[0], Subject: given[1]}).request(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", given, err, want)
		}
	}
}

// A wrong address, a file without a token and a server that is not Koppi give clear errors.
func TestConnectionErrorTexts(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	var plain net.ListenConfig
	gone, err := plain.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + gone.Addr().String()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	for want, at := range map[string]operating{
		"write http://host:port":                    {calling: calling{Address: "localhost:8080"}},
		"issues none; koppi up --dev does":          {calling: calling{Address: other.URL}},
		"no answer from Koppi at " + nobody:         {calling: calling{Address: nobody}},
		"the file contains no token":                {calling: calling{Address: nobody}, TokenFile: file("{\n}\n")},
		"--token-file: the file contains no token":  {calling: calling{Address: nobody}, TokenFile: file("")},
		"no such file":                              {calling: calling{Address: nobody}, TokenFile: "/nowhere/token"},
		"Koppi does not answer at this address; ch": {calling: calling{Address: nobody}, TokenFile: file("eyJ.a.b\n")},
	} {
		err := (&callbacksList{at}).Run(t.Context())
		if err == nil || !strings.Contains(errorText(err), want) || strings.Contains(errorText(err), "rpc error") {
			t.Errorf("%+v: %v, want %q", at, err, want)
		}
	}
}
