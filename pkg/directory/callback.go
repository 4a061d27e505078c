package directory

import (
	"errors"
	"fmt"
	"net/url"
)

// Protocol is how an agency's endpoint is called.
type Protocol string

const (
	// Connect is a plain POST of JSON with a signed body.
	Connect Protocol = "CONNECT"
	// GRPC is gRPC with mutual TLS.
	GRPC Protocol = "GRPC"
)

// Callback is the endpoint at which Koppi calls an agency.
type Callback struct {
	Protocol Protocol
	// URL to which the method's path is appended: https, or http for trials.
	URL *url.URL
}

type fileCallback struct {
	Protocol string `json:"protocol"`
	URL      string `json:"url"`
}

func (f *fileCallback) check() (*Callback, error) {
	if f == nil {
		return nil, nil
	}
	callback := &Callback{Protocol: Protocol(f.Protocol)}
	if callback.Protocol != Connect && callback.Protocol != GRPC {
		return nil, fmt.Errorf("callback: protocol must be CONNECT or GRPC, not %q", f.Protocol)
	}
	var err error
	if callback.URL, err = url.Parse(f.URL); err != nil {
		return nil, errors.New("callback: the url is invalid")
	}
	at := callback.URL
	switch {
	case at.Scheme != "https" && at.Scheme != "http" || at.Hostname() == "":
		return nil, errors.New("callback: the url must have the form https://host/path")
	case at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return nil, errors.New("callback: the url must have no user, query or fragment")
	case callback.Protocol == GRPC && at.Path != "" && at.Path != "/":
		return nil, errors.New("callback: the url must have no path with GRPC")
	}
	return callback, nil
}
