package gateway

import (
	"net/http"
	"strings"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loopback"
)

// rest answers the requests that no mounted service takes: requests for pages, and calls of
// services that this gateway does not serve, which it refuses.
func rest(pages http.Handler, options []connecthttp.Option) http.Handler {
	refuse := refusal(fault.New(fault.NotServed, "there is no such service here"), options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			pages.ServeHTTP(forgotten{w}, r)
			return
		}
		refuse(w, r)
	})
}

// forgotten forbids browsers to store an answer, unless the answer is a file whose own
// Cache-Control allows it. An error answer is never stored; net/http removes Cache-Control from a
// "not found" answer, so forgotten sets it again.
type forgotten struct{ http.ResponseWriter }

func (f forgotten) WriteHeader(code int) {
	if code >= http.StatusBadRequest || f.Header().Get(cacheControl) == "" {
		f.Header().Set(cacheControl, noStore)
	}
	f.ResponseWriter.WriteHeader(code)
}

// refusal makes a handler that answers with an error in the protocol of the caller.
func refusal(err error, options []connecthttp.Option) http.HandlerFunc {
	writer := connecthttp.NewErrorWriter(options...)
	code := http.StatusNotFound
	if fault.ReasonOf(err) == fault.Busy {
		code = http.StatusTooManyRequests
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if after := retryAfter(err); after != "" {
			w.Header().Set(retryAfterHeader, after)
		}
		if !writer.IsSupported(r) {
			http.Error(forgotten{w}, err.Error(), code)
			return
		}
		_ = writer.Write(w, r, fromStatus(err))
	}
}

// localOnly refuses calls under a prefix whose Host is not a loopback address. A name of another
// site that resolves to this machine is refused too (DNS rebinding).
func localOnly(prefix string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) && !loopback.Is(r.Host) {
			http.Error(forgotten{w}, "served to this machine alone", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// certified puts the verified client certificates of the TLS connection into the request's context.
func certified(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			r = r.WithContext(identity.WithCertificate(r.Context(), r.TLS.PeerCertificates))
		}
		handler.ServeHTTP(w, r)
	})
}

const cacheControl, noStore = "Cache-Control", "no-store"

// policy is the Content Security Policy of the pages. A page may use only its own scripts, styles,
// pictures and calls, and no string becomes markup by accident (Trusted Types). The digest is that
// of an empty style element, which the pages' components fill through the object model; a style
// element with text in it stays forbidden.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self'; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secureHeaders keep other sites from using the pages through a browser, and keep the browser from
// storing what it showed.
var secureHeaders = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Permissions-Policy":           "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	cacheControl:                   noStore,
}

// strictTransport is sent over TLS only: browsers ignore it over plain HTTP.
const strictTransport = "max-age=31536000; includeSubDomains"

// secure adds secureHeaders to every answer, and over TLS strictTransport.
func secure(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range secureHeaders {
			w.Header().Set(name, value)
		}
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", strictTransport)
		}
		handler.ServeHTTP(w, r)
	})
}
