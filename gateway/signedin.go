package gateway

import (
	"net/http"
	"strings"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/gateway/session"
	"koppi.internal/pkg/identity"
)

// signedIn serves sessions, and carries on who is signed in where a page calls. What
// brings a token of its own is known by that, whatever cookie comes with it.
func signedIn(sessions *session.Sessions, options []connecthttp.Option, handler http.Handler) http.Handler {
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
