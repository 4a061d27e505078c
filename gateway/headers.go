package gateway

import (
	"net/http"

	"github.com/rs/cors"

	"koppi.internal/pkg/version"
)

// unstored forbids browsers to store an answer, unless the answer is a file whose own
// Cache-Control allows it. An error answer is never stored; net/http removes Cache-Control from a
// "not found" answer, so unstored sets it again.
type unstored struct{ http.ResponseWriter }

func (u unstored) WriteHeader(code int) {
	if code >= http.StatusBadRequest || u.Header().Get(cacheControl) == "" {
		u.Header().Set(cacheControl, noStore)
	}
	u.ResponseWriter.WriteHeader(code)
}

const cacheControl, noStore = "Cache-Control", "no-store"

// policy is the Content Security Policy of the pages. A page may use only its own scripts, styles,
// pictures and calls, and no string becomes markup by accident (Trusted Types). The digest is that
// of an empty style element, which the pages' components fill through the object model; a style
// element with text in it stays forbidden.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self'; font-src 'self'; connect-src 'self'; " +
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

// versionHeader names the version that answers.
const versionHeader = "Koppi-Version"

// strictTransport is sent over TLS only: browsers ignore it over plain HTTP.
const strictTransport = "max-age=31536000; includeSubDomains"

// secure adds secureHeaders and the version to every answer, and over TLS strictTransport.
func secure(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range secureHeaders {
			w.Header().Set(name, value)
		}
		w.Header().Set(versionHeader, version.Number)
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", strictTransport)
		}
		handler.ServeHTTP(w, r)
	})
}

// crossOrigin lets pages of other sites (origins) make calls.
func crossOrigin(origins []string, handler http.Handler) http.Handler {
	if len(origins) == 0 {
		return handler
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins, AllowedMethods: []string{http.MethodPost},
		AllowedHeaders: []string{
			"Authorization", "Content-Type", "Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout",
			"X-Grpc-Web", "X-User-Agent", "Traceparent", "Koppi-On-Behalf-Of",
		},
		ExposedHeaders: []string{"Grpc-Status", "Grpc-Message", "Grpc-Status-Details-Bin", retryAfterHeader, versionHeader, deprecatedHeader},
		MaxAge:         7200,
	}).Handler(handler)
}
