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

// What comes over gRPC is told in words: Koppi's own, or what is amiss with the connection.
func TestErrorsAreInWords(t *testing.T) {
	refused := fault.New(fault.InvalidField, "the request is not well formed").Field("agency", "small letters").GRPCStatus().Err()
	for want, err := range map[string]error{
		"a plain one": errors.New("a plain one"),
		"the request is not well formed: correct the named fields and send the request again; agency: small letters":       refused,
		"load: the request is not well formed: correct the named fields and send the request again; agency: small letters": fmt.Errorf("load: %w", refused),
		"no tokens\nKoppi does not answer at this address; is it running, and is the address that of --address? (Error while dialing: connection refused)": errors.Join(errors.New("no tokens"),
			status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: connection refused"`)),
		"Koppi did not answer in time; try again": status.Error(codes.DeadlineExceeded, "context deadline exceeded"),
		"interrupted before Koppi answered":       status.Error(codes.Canceled, "context canceled"),
		"what answers at this address is not Koppi, or not this version of it (unexpected HTTP status)": status.Error(codes.Unknown, "unexpected HTTP status"),
	} {
		if got := words(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
}

// What is parked is named as it is listed or logged, or by its id alone; else the answer says
// how.
func TestParkedAreNamed(t *testing.T) {
	const id = "01981234-1234-7234-8234-123456789abc"
	for _, given := range [][2]string{{"concern", "concerns/" + id}, {"concern", id}, {"concerns", id}, {"concern", strings.ToUpper(id)}} {
		request, err := (&callbacksRetry{Agency: "kela", Service: given[0], Subject: given[1]}).request()
		if err != nil || request.GetService() != "concern" || request.GetSubject() != "concerns/"+id || request.GetConsumer() != "callback" || request.GetAgency() != "kela" {
			t.Errorf("%v: %v, %v", given, request, err)
		}
	}
	for given, want := range map[[2]string]string{
		{"nix", id}: "name concern, referral, consultation or plan", {"plan", "anna"}: "such as plans/0198…, or by its id alone", {"plan", ""}: "its id alone",
	} {
		if _, err := (&callbacksRetry{Agency: "kela", Service: given[0], Subject: given[1]}).request(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", given, err, want)
		}
	}
}

// A wrong address, a file without a token and a server that is not Koppi are told in words.
func TestOperatorsMistakesAreTold(t *testing.T) {
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
		"write http://host:port":                    {Address: "localhost:8080"},
		"gives none out; koppi up --dev does":       {Address: other.URL},
		"no answer from Koppi at " + nobody:         {Address: nobody},
		"the file holds no token":                   {Address: nobody, TokenFile: file("{\n}\n")},
		"--token-file: the file holds no token":     {Address: nobody, TokenFile: file("")},
		"no such file":                              {Address: nobody, TokenFile: "/nowhere/token"},
		"Koppi does not answer at this address; is": {Address: nobody, TokenFile: file("eyJ.a.b\n")},
	} {
		err := (&callbacksList{at}).Run(t.Context())
		if err == nil || !strings.Contains(words(err), want) || strings.Contains(words(err), "rpc error") {
			t.Errorf("%+v: %v, want %q", at, err, want)
		}
	}
}
