package gateway

import (
	"net/http"
	"strings"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loopback"
)

// rest answers what no mounted service takes: pages, and calls of services that
// are not served here.
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

// forgotten keeps no answer in a browser but what its file says may be kept; net/http
// takes that away from what is not found.
type forgotten struct{ http.ResponseWriter }

func (f forgotten) WriteHeader(code int) {
	if code >= http.StatusBadRequest || f.Header().Get(cacheControl) == "" {
		f.Header().Set(cacheControl, noStore)
	}
	f.ResponseWriter.WriteHeader(code)
}

// refusal answers in whatever protocol the caller speaks.
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

// localOnly refuses calls under a prefix that do not name this machine as host: a
// name of another site that resolves to it is not one.
func localOnly(prefix string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) && !loopback.Is(r.Host) {
			http.Error(forgotten{w}, "served to this machine alone", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// certified carries on the certificates that a caller showed, and whose key it holds.
func certified(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			r = r.WithContext(identity.WithCertificate(r.Context(), r.TLS.PeerCertificates))
		}
		handler.ServeHTTP(w, r)
	})
}

const cacheControl, noStore = "Cache-Control", "no-store"

// policy of what a page may do: its own scripts, styles, pictures and calls, and no
// more; no text becomes markup by accident. The digest is that of an empty style element,
// which the pages' components fill through the object model: written styles stay out.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self'; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secureHeaders keep a browser from helping others, and from keeping what it showed.
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

// strictTransport is said over TLS alone, where a browser believes it.
const strictTransport = "max-age=31536000; includeSubDomains"

// secure adds these headers to every answer, whoever gives it.
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
