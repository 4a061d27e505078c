package gateway

import (
	"net/http"
	"strings"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/gateway/session"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/loopback"
)

// bySession serves the session endpoints and, where a page calls with a session cookie, puts the
// signed-in person into the request's context as the caller. A request with an Authorization header
// is identified by its token alone, and its cookie is ignored.
func bySession(sessions *session.Sessions, options []connecthttp.Option, handler http.Handler) http.Handler {
	if sessions == nil {
		return handler
	}
	calls := sessions.Extend(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.Header.Get("Authorization") == "" {
			caller, there, err := sessions.Caller(r)
			if err != nil {
				refusal(err, options)(w, r)
				return
			}
			if there {
				r = r.WithContext(identity.WithCaller(r.Context(), caller))
			}
		}
		handler.ServeHTTP(w, r)
	}))
	own := sessions.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == session.Path || strings.HasPrefix(r.URL.Path, session.Path+"/") {
			own.ServeHTTP(w, r)
			return
		}
		calls.ServeHTTP(w, r)
	})
}

// localOnly refuses calls under a prefix whose Host is not a loopback address. A name of another
// site that resolves to this machine is refused too (DNS rebinding).
func localOnly(prefix string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) && !loopback.Is(r.Host) {
			http.Error(unstored{w}, "served to this machine only", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// byCertificate puts the verified client certificates of the TLS connection into the request's
// context.
func byCertificate(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			r = r.WithContext(identity.WithCertificate(r.Context(), r.TLS.PeerCertificates))
		}
		handler.ServeHTTP(w, r)
	})
}
