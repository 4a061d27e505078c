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

// Mail is one that the server took.
type Mail struct {
	// To is the envelope's, as are From and the name in the greeting.
	To, From, Greeting string
	// Secured tells whether it came over TLS, and User who had signed in.
	Secured bool
	User    string
	// Text is all of it, as it came.
	Text []byte
}

// Parsed is the mail's header, its subject and its body, decoded.
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

// Config is what a server is made of; the zero value takes everything in the clear.
type Config struct {
	// Address to listen on; empty for a free port.
	Address string
	// TLS is offered, or begun with where Implicit.
	TLS      *tls.Config
	Implicit bool
	// User and Password are asked for, where there is a user.
	User, Password string
}

// Server takes mails.
type Server struct {
	// Address is its host and port.
	Address string
	// Mails are those that it took.
	Mails chan Mail
	// Tried are the recipients of all attempts, refused ones too.
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
		// The server may not have begun with it, and would not close it then.
		_ = listener.Close()
		<-ended
	})
	t.Cleanup(s.stop)
	return s
}

// Stop ends it before the test does.
func (s *Server) Stop() { s.stop() }

// Refuse makes the server answer so to a recipient; no error takes the mail.
func (s *Server) Refuse(refuse func(to string) error) { s.refuse.Store(&refuse) }

// Answer is a refusal with a code.
func Answer(code int, text string) error { return &smtp.SMTPError{Code: code, Message: text} }

// NewSession begins one.
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

// AuthMechanisms are offered where a user is asked for.
func (s *session) AuthMechanisms() []string {
	if s.server.config.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth signs in.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.config.User || password != s.server.config.Password {
			return errors.New("no such user")
		}
		s.mail.User = user
		return nil
	}), nil
}
