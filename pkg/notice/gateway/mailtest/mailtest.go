// Package mailtest runs a mail server for tests.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is a mail that the server accepted.
type Mail struct {
	// To and From are the envelope's addresses; Greeting is the name that the client sent in EHLO.
	To, From, Greeting string
	// Secured reports whether the mail came over TLS; User is the authenticated user.
	Secured bool
	User    string
	// Text is the whole mail, as received.
	Text []byte
}

// Parsed decodes the mail and returns its header, subject and body. It reports an error to t unless
// the mail is UTF-8 plain text in quoted-printable.
func (m Mail) Parsed(t testing.TB) (header mail.Header, subject, body string) {
	t.Helper()
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Text))
	if err != nil {
		t.Fatal(err)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	if kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type")); err != nil || kind != "text/plain" || parameters["charset"] != "UTF-8" {
		t.Errorf("it is %s, %v: %v", kind, parameters, err)
	}
	if encoding := parsed.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
		t.Errorf("it is encoded as %q", encoding)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(parsed.Body))
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Header, subject, string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// Config configures a Server; the zero value accepts every mail without TLS.
type Config struct {
	// Address to listen on; empty means a free port.
	Address string
	// TLS is offered by STARTTLS, or used from the beginning if Implicit is true.
	TLS      *tls.Config
	Implicit bool
	// User and Password are required of the client, if there is a User.
	User, Password string
}

// Server is a mail server for tests.
type Server struct {
	// Address is the server's host and port.
	Address string
	// Mails receives the mails that the server accepted.
	Mails chan Mail
	// Tried receives the recipients of all attempts, including refused ones.
	Tried chan string

	config Config
	server *smtp.Server
	stop   func()
	refuse atomic.Pointer[func(to string) error]
}

// Start runs a server until the test ends.
func Start(t testing.TB, config Config) *Server {
	t.Helper()
	if config.Address == "" {
		config.Address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", config.Address)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: listener.Addr().String(), Mails: make(chan Mail, 100), Tried: make(chan string, 1000), config: config}
	s.server = smtp.NewServer(s)
	s.server.Domain, s.server.ErrorLog = "mailtest", log.New(io.Discard, "", 0)
	if config.Implicit {
		listener = tls.NewListener(listener, config.TLS)
	} else {
		s.server.TLSConfig = config.TLS
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.server.Serve(listener)
	}()
	s.stop = sync.OnceFunc(func() {
		_ = s.server.Close()
		// The server may not serve yet, and would not close the listener then.
		_ = listener.Close()
		<-ended
	})
	t.Cleanup(s.stop)
	return s
}

// Stop stops the server before the test ends.
func (s *Server) Stop() { s.stop() }

// Refuse sets a function that decides on each recipient: its error is the server's answer, and nil
// accepts the mail.
func (s *Server) Refuse(refuse func(to string) error) { s.refuse.Store(&refuse) }

// Answer is an SMTP refusal with a code.
func Answer(code int, text string) error { return &smtp.SMTPError{Code: code, Message: text} }

// NewSession begins a session; the SMTP library calls it.
func (s *Server) NewSession(conn *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: conn}, nil
}

type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
}

func (s *session) Reset() { s.mail = Mail{User: s.mail.User} }

func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.config.User != "" && s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.Tried <- to
	if refuse := s.server.refuse.Load(); refuse != nil {
		if err := (*refuse)(to); err != nil {
			return err
		}
	}
	s.mail.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	var err error
	if s.mail.Text, err = io.ReadAll(r); err != nil {
		return err
	}
	_, s.mail.Secured = s.conn.TLSConnectionState()
	s.mail.Greeting = s.conn.Hostname()
	s.server.Mails <- s.mail
	return nil
}

// AuthMechanisms offers PLAIN if the server requires a user.
func (s *session) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth authenticates a client by PLAIN.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return errors.New("no such user")
		}
		s.mail.User = user
		return nil
	}), nil
}
