package session

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever page a sign-in names, a browser that is redirected to it stays at Koppi: parsed as a URL, and as browsers
// parse it, which drop tabs and line ends and read a backslash as a slash.
func FuzzIsPage(f *testing.F) {
	for _, to := range []string{"/", "/a?b#c", "//evil", `/\evil`, "https://evil", "/\t/evil", "/%2f%2fevil", "/./session", "/session", "/a/../session/x", "javascript:x", "/@evil", "/:80"} {
		f.Add(to)
	}
	here := &url.URL{Scheme: "https", Host: "koppi.example.fi", Path: "/session/callback"}
	sloppy := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/")
	f.Fuzz(func(t *testing.T, to string) {
		if !isPage(to) {
			return
		}
		for _, read := range []string{to, sloppy.Replace(strings.TrimSpace(to)), here.Scheme + "://" + here.Host + to} {
			at, err := here.Parse(read)
			if err != nil || at.Scheme != here.Scheme || at.Host != here.Host || at.User != nil {
				t.Fatalf("%q redirects to %v, %v", to, at, err)
			}
			if at.Path == Path || strings.HasPrefix(at.Path, Path+"/") {
				t.Fatalf("%q is the sign-in itself", to)
			}
		}
	})
}
