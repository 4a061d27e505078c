package session

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc/codes"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
)

// Path is the path that Handler answers, with all paths under it.
const Path = "/session"

const (
	signInPath = "/session/sign-in"
	backPath   = "/session/callback"
	outPath    = "/session/sign-out"
	extendPath = "/session/extend"
)

// Handler answers /session and the paths under it:
//
//	GET  /session            the person who is signed in, or 401 with where one can sign in
//	POST /session            a session for the bearer token in Authorization, where that is allowed
//	GET  /session/sign-in    redirects to ?issuer=…, and later back to the page ?to=/…
//	GET  /session/callback   where the issuer redirects the browser back to
//	POST /session/extend     extends the session, when a person asks for it
//	POST /session/sign-out   ends the session
func (s *Sessions) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.who)
	mux.HandleFunc("POST "+Path, s.byBearer)
	mux.HandleFunc("GET "+signInPath, s.signIn)
	mux.HandleFunc("GET "+backPath, s.back)
	mux.HandleFunc("POST "+extendPath, s.extend)
	mux.HandleFunc("POST "+outPath, s.signOut)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// who is what a page gets of the signed-in person.
type who struct {
	Agency string        `json:"agency,omitempty"`
	Unit   string        `json:"unit,omitempty"`
	Role   identity.Role `json:"role"`
	Worker string        `json:"worker,omitempty"`
	// Name of a worker, and Profession of a team leader, where the sign-in gave them.
	Name       string        `json:"name,omitempty"`
	Profession identity.Role `json:"profession,omitempty"`
	// Session names the session to the browser's tabs, which share data within one session only. It
	// grants no access: only the cookie does.
	Session string `json:"session"`
	// Until is when the session ends without activity, Expires when it ends in any case.
	Until   time.Time `json:"until"`
	Expires time.Time `json:"expires"`
	// Trial reports a trial installation, in which the clock can be moved.
	Trial bool `json:"trial,omitempty"`
	// TestPersons reports a test environment, in which no real person's data belong.
	TestPersons bool `json:"testPersons,omitempty"`
}

func (s *Sessions) describe(session record) who {
	c := session.Caller
	return who{
		Session: hex.EncodeToString(s.Secrets.Digest([]byte("tabs"), []byte(session.ID))[:16]),
		Trial:   s.Dev, TestPersons: s.TestPersons, Agency: c.Agency, Unit: c.Unit, Role: c.Role, Worker: c.Worker, Name: c.Name, Profession: c.Profession,
		Until: session.until().UTC(), Expires: session.Ends.UTC(),
	}
}

// refusal is the body of a refusal, with where a person can sign in.
type refusal struct {
	Reason  fault.Reason `json:"reason"`
	Message string       `json:"message"`
	SignIn  []place      `json:"signIn,omitempty"`
	// ByBearer reports that a bearer token can be exchanged for a session.
	ByBearer bool `json:"byBearer,omitempty"`
	// Trial reports a trial installation, which issues tokens on request.
	Trial bool `json:"trial,omitempty"`
	// TestPersons reports a test environment.
	TestPersons bool `json:"testPersons,omitempty"`
}

// place is an issuer at which a person can sign in.
type place struct {
	Issuer string         `json:"issuer"`
	Name   identity.Names `json:"name"`
	URL    string         `json:"url"`
}

// who answers without extending the session: a page that polls is no sign of a person who works.
func (s *Sessions) who(w http.ResponseWriter, r *http.Request) {
	session, there, _, err := s.live(r)
	if !there {
		err = fault.New(fault.SessionEnded, "nobody is signed in")
	}
	if err == nil {
		answer(w, http.StatusOK, s.describe(session))
		return
	}
	refused := refusalFor(err)
	for _, one := range s.sites {
		refused.SignIn = append(refused.SignIn, place{one.Issuer, one.SignIn.Name, signInPath + "?issuer=" + url.QueryEscape(one.Issuer)})
	}
	refused.ByBearer, refused.Trial, refused.TestPersons = s.byToken, s.Dev, s.TestPersons
	answer(w, http.StatusUnauthorized, refused)
}

// extend extends a session as a call does, for a person who was warned of its end (WCAG 2.2.1), and
// returns the new end; the old one where the session cannot be extended.
func (s *Sessions) extend(w http.ResponseWriter, r *http.Request) {
	session, there, sure, err := s.live(r)
	switch {
	case !s.sameOrigin(r):
		refuse(w, crossSite())
		return
	case !there:
		refuse(w, fault.New(fault.SessionEnded, "nobody is signed in"))
		return
	case err != nil:
		refuse(w, err)
		return
	}
	if sure {
		session.Seen = s.Now()
		s.give(w, session)
	}
	answer(w, http.StatusOK, s.describe(session))
}

// byBearer exchanges a bearer token for a session. It refuses tokens of systems.
func (s *Sessions) byBearer(w http.ResponseWriter, r *http.Request) {
	token, bearer := identity.Bearer(r.Header.Get("Authorization"))
	switch {
	case !s.byToken || s.baseOf(r) == "":
		refuse(w, fault.New(fault.NotServed, "tokens are not exchanged for sessions here"))
		return
	case s.cross.Check(r) != nil:
		refuse(w, crossSite())
		return
	case !bearer:
		refuse(w, fault.New(fault.TokenRequired, "a token is missing"))
		return
	}
	caller, err := s.Verifier.Verify(r.Context(), token)
	if err == nil && caller.System {
		err = fault.New(fault.RoleNotAllowed, "a system has no pages")
	}
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, http.StatusOK, s.describe(s.begin(w, r, caller)))
}

// signOut ends the session here, and returns the address at which the person's session at the
// issuer is ended, if there is one.
func (s *Sessions) signOut(w http.ResponseWriter, r *http.Request) {
	if !s.sameOrigin(r) {
		refuse(w, crossSite())
		return
	}
	var next struct {
		// Continue is the address to which the page goes to end the session at the issuer.
		Continue string `json:"continue,omitempty"`
	}
	if session, there := s.end(r); there {
		next.Continue = s.endAt(r, session.Caller.Issuer)
	}
	s.put(w, sessionCookie, "", gone, http.SameSiteStrictMode)
	answer(w, http.StatusOK, next)
}

// endAt is the address at which the session at an issuer is ended (OpenID Connect RP-Initiated
// Logout 1.0); empty where the issuer has none. The address holds no token: the issuer may ask the
// person.
func (s *Sessions) endAt(r *http.Request, issuer string) string {
	one, known := s.site(issuer)
	if !known {
		return ""
	}
	provider, err := s.Verifier.Provider(r.Context(), issuer)
	if err != nil || provider.EndSession == "" {
		return ""
	}
	at, err := url.Parse(provider.EndSession)
	if err != nil {
		return ""
	}
	query := at.Query()
	query.Set("client_id", one.SignIn.ClientID)
	query.Set("post_logout_redirect_uri", s.baseOf(r)+"/")
	at.RawQuery = query.Encode()
	return at.String()
}

func (s *Sessions) site(issuer string) (site, bool) {
	for _, one := range s.sites {
		if one.Issuer == issuer {
			return one, true
		}
	}
	return site{}, false
}

// statuses maps gRPC codes to HTTP statuses.
var statuses = map[codes.Code]int{
	codes.Unauthenticated: http.StatusUnauthorized, codes.PermissionDenied: http.StatusForbidden, codes.NotFound: http.StatusNotFound,
	codes.InvalidArgument: http.StatusBadRequest, codes.Unavailable: http.StatusServiceUnavailable, codes.Unimplemented: http.StatusNotFound,
}

// refusalOf is the refusal that an error wraps; INTERNAL for an error that wraps none.
func refusalOf(err error) *fault.Error {
	var found *fault.Error
	if errors.As(err, &found) {
		return found
	}
	return fault.New(fault.Internal, "something went wrong here")
}

func refusalFor(err error) refusal {
	found := refusalOf(err)
	return refusal{Reason: found.Reason(), Message: found.Error()}
}

func refuse(w http.ResponseWriter, err error) {
	status, known := statuses[refusalOf(err).Code()]
	if !known {
		status = http.StatusInternalServerError
	}
	answer(w, status, refusalFor(err))
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(content) // the client may have disconnected
}
