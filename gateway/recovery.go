package gateway

import (
	"log/slog"
	"net/http"
	"runtime/debug"
)

// recovers recovers from panics, so that the panic value, which may hold what a caller sent,
// reaches neither the caller nor the log. The log has the stack only.
func recovers(logger *slog.Logger, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if panicked := recover(); panicked != nil {
				if panicked != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
					logger.ErrorContext(r.Context(), "panic", slog.String("stack", string(debug.Stack())))
				}
				panic(http.ErrAbortHandler)
			}
		}()
		handler.ServeHTTP(w, r)
	})
}
