package gateway

import (
	"net"
	"net/http"
	"strings"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/pkg/fault"
)

// rest answers what no mounted service takes: pages, and calls of services that
// are not served here.
func rest(pages http.Handler, options []connecthttp.Option) http.Handler {
	refuse := refusal(fault.New(fault.NotServed, "there is no such service here"), options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			pages.ServeHTTP(w, r)
			return
		}
		refuse(w, r)
	})
}

// refusal answers in whatever protocol the caller speaks.
func refusal(err *fault.Error, options []connecthttp.Option) http.HandlerFunc {
	writer := connecthttp.NewErrorWriter(options...)
	return func(w http.ResponseWriter, r *http.Request) {
		if !writer.IsSupported(r) {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_ = writer.Write(w, r, fromStatus(err))
	}
}

// localOnly refuses calls under a prefix that do not name this machine as host: a
// name of another site that resolves to it is not one.
func localOnly(prefix string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) && !loopback(r.Host) {
			http.Error(w, "served to this machine alone", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// loopback tells whether a host, with or without a port, names this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// secure adds the headers that keep a browser from helping others.
func secure(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		handler.ServeHTTP(w, r)
	})
}
