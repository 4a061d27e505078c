package gateway

import (
	"net/http"

	"connectrpc.com/connect/v2/connecthttp"

	"koppi.internal/pkg/fault"
)

// pagesOrRefusal answers the requests that no mounted service takes: it serves pages, and refuses
// calls of services that this gateway does not serve.
func pagesOrRefusal(pages http.Handler, options []connecthttp.Option) http.Handler {
	refuse := refusal(fault.New(fault.NotServed, "there is no such service here"), options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			pages.ServeHTTP(unstored{w}, r)
			return
		}
		refuse(w, r)
	})
}
