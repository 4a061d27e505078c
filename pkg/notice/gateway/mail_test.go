package gateway_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/lease"
	notice "koppi.internal/pkg/notice/gateway"
	"koppi.internal/pkg/notice/gateway/mailtest"
	"koppi.internal/pkg/process/certtest"
)

// secured is a server's TLS configuration, and the file of its CA.
func secured(t *testing.T) (*tls.Config, string) {
	t.Helper()
	authority := certtest.New(t)
	pair, err := tls.LoadX509KeyPair(authority.Issue("mail"))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, authority.CA()
}

func secret(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A mail is sent over TLS, implicit or by STARTTLS, with a user or without.
func TestSecured(t *testing.T) {
	offered, ca := secured(t)
	for name, security := range map[string]notice.Security{"by default": "", "starttls": notice.StartTLS, "implicit": notice.Implicit} {
		for _, user := range []string{"", "koppi"} {
			t.Run(name+" "+user, func(t *testing.T) {
				server := mailtest.Start(t, mailtest.Config{TLS: offered, Implicit: security == notice.Implicit, User: user, Password: "s3cret word"})
				settings := in(server)
				settings.SMTPTLS, settings.SMTPCA = security, ca
				if user != "" {
					settings.SMTPUser, settings.SMTPPasswordFile = user, secret(t, "s3cret word\n")
				}
				f := start(t, settings, morning)
				f.services["concern"].add("county", "adults", "concerns/1", urgent)
				if got := f.mail(server, "adults", "Kopissa odottaa yksi kiireellinen asia"); !got.Secured || got.User != user {
					t.Errorf("secured %v, by %q", got.Secured, got.User)
				}
			})
		}
	}
}

// A server that is not trusted, or refuses the user, gets no mail; the log says why.
func TestNotTrusted(t *testing.T) {
	offered, ca := secured(t)
	_, other := secured(t)
	for name, test := range map[string]struct {
		server mailtest.Config
		change func(*notice.Settings)
		log    string
	}{
		"another CA's certificate": {mailtest.Config{TLS: offered}, func(s *notice.Settings) { s.SMTPCA = other }, "certificate"},
		"an unknown CA's":          {mailtest.Config{TLS: offered}, func(s *notice.Settings) { s.SMTPCA = "" }, "certificate"},
		"another CA's, implicit":   {mailtest.Config{TLS: offered, Implicit: true}, func(s *notice.Settings) { s.SMTPCA, s.SMTPTLS = other, notice.Implicit }, "certificate"},
		"no TLS":                   {mailtest.Config{}, func(*notice.Settings) {}, "STARTTLS"},
		"another password": {
			mailtest.Config{TLS: offered, User: "koppi", Password: "right"},
			func(s *notice.Settings) { s.SMTPUser, s.SMTPPasswordFile = "koppi", secret(t, "wrong") }, "answered 454",
		},
		"no password": {mailtest.Config{TLS: offered, User: "koppi", Password: "right"}, func(*notice.Settings) {}, "answered 502"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, test.server)
			settings := in(server)
			settings.SMTPTLS, settings.SMTPCA = notice.StartTLS, ca
			test.change(&settings)
			f := start(t, settings, night)
			f.services["concern"].add("county", "adults", "concerns/1", emergency)
			f.logged("could not be notified", 2)
			f.stop()
			if len(server.Tried) > 0 || len(server.Mails) > 0 {
				t.Error("the server got a mail")
			}
			if f.log.count(test.log) == 0 || f.log.count("@") > 0 {
				t.Errorf("%s", f.log.text.String())
			}
		})
	}
}

// Settings that are incomplete or contradict each other are refused, and the error names the flag.
func TestSettings(t *testing.T) {
	open := func(s notice.Settings) error {
		_, err := s.Open(notice.Config{Directory: &directory.Directory{}, Leases: lease.Alone{}})
		return err
	}
	whole := func() notice.Settings {
		return notice.Settings{SMTP: "smtp.example.fi:587", SMTPFrom: "koppi@example.fi", SMTPTLS: notice.StartTLS, Link: "https://koppi.example.fi"}
	}
	for name, change := range map[string]func(*notice.Settings){
		"whole":   func(*notice.Settings) {},
		"nothing": func(s *notice.Settings) { *s = notice.Settings{SMTPTLS: notice.StartTLS} },
		"in the clear": func(s *notice.Settings) {
			s.SMTP, s.SMTPTLS, s.Link = "[::1]:25", notice.None, "http://127.0.0.1:8080/"
		},
		"a localhost": func(s *notice.Settings) {
			s.SMTP, s.SMTPTLS, s.Link = "localhost:25", notice.None, "http://localhost:8080/"
		},
		"with password": func(s *notice.Settings) { s.SMTPUser, s.SMTPPasswordFile = "koppi", secret(t, "x") },
	} {
		s := whole()
		if change(&s); open(s) != nil {
			t.Errorf("%s: %v", name, open(s))
		}
	}
	open644 := secret(t, "x")
	if err := os.Chmod(open644, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		flag   string
		change func(*notice.Settings)
	}{
		"no server":         {"--smtp-from", func(s *notice.Settings) { *s = notice.Settings{SMTPFrom: s.SMTPFrom} }},
		"a link alone":      {"--link", func(s *notice.Settings) { *s = notice.Settings{Link: s.Link} }},
		"no port":           {"--smtp:", func(s *notice.Settings) { s.SMTP = "smtp.example.fi" }},
		"no number":         {"--smtp:", func(s *notice.Settings) { s.SMTP = "smtp.example.fi:smtp" }},
		"no host":           {"--smtp:", func(s *notice.Settings) { s.SMTP = ":25" }},
		"a port too far":    {"--smtp:", func(s *notice.Settings) { s.SMTP = "smtp.example.fi:70000" }},
		"nobody":            {"--smtp-from", func(s *notice.Settings) { s.SMTPFrom = "" }},
		"no address":        {"--smtp-from", func(s *notice.Settings) { s.SMTPFrom = "koppi" }},
		"no link":           {"--link", func(s *notice.Settings) { s.Link = "" }},
		"no https":          {"--link", func(s *notice.Settings) { s.Link = "http://koppi.example.fi" }},
		"no scheme":         {"--link", func(s *notice.Settings) { s.Link = "koppi.example.fi" }},
		"a link's password": {"--link", func(s *notice.Settings) { s.Link = "https://a:b@koppi.example.fi" }},
		"two lines":         {"--link", func(s *notice.Settings) { s.Link = "https://koppi.example.fi\r\nx" }},
		"far in the clear":  {"--smtp-tls", func(s *notice.Settings) { s.SMTPTLS = notice.None }},
		"no such TLS":       {"--smtp", func(s *notice.Settings) { s.SMTPTLS = "tls" }},
		"no password":       {"--smtp-password-file", func(s *notice.Settings) { s.SMTPUser = "koppi" }},
		"whose password":    {"--smtp-user", func(s *notice.Settings) { s.SMTPPasswordFile = secret(t, "x") }},
		"no file":           {"--smtp-password-file", func(s *notice.Settings) { s.SMTPUser, s.SMTPPasswordFile = "koppi", "nowhere" }},
		"an empty file":     {"--smtp-password-file", func(s *notice.Settings) { s.SMTPUser, s.SMTPPasswordFile = "koppi", secret(t, "\n") }},
		"a file for all":    {"--smtp-password-file", func(s *notice.Settings) { s.SMTPUser, s.SMTPPasswordFile = "koppi", open644 }},
		"a password in the clear": {"--smtp-user", func(s *notice.Settings) {
			s.SMTP, s.SMTPTLS, s.SMTPUser, s.SMTPPasswordFile = "127.0.0.1:25", notice.None, "koppi", secret(t, "x")
		}},
		"no CA": {"--smtp-ca", func(s *notice.Settings) { s.SMTPCA = secret(t, "x") }},
	} {
		s := whole()
		test.change(&s)
		if err := open(s); err == nil || !strings.Contains(err.Error(), test.flag) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Without a mail server it is logged once how many units are not notified.
func TestWithoutMailServer(t *testing.T) {
	f := start(t, notice.Settings{}, morning)
	f.stop()
	if f.log.count("--smtp") != 1 || f.log.count("units=2") != 1 {
		t.Errorf("%s", f.log.text.String())
	}
}
