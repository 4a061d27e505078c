package gateway

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"

	"koppi.internal/pkg/journal/seal"
	"koppi.internal/pkg/loopback"
)

// Settings are the operator's settings of mails to units.
type Settings struct {
	SMTP             string   `name:"smtp" help:"Mail server that sends notices of waiting work to units with an address, host:port. Without it, no unit is notified." env:"KOPPI_SMTP"`
	SMTPFrom         string   `name:"smtp-from" help:"Address from which these mails are sent." env:"KOPPI_SMTP_FROM"`
	SMTPUser         string   `name:"smtp-user" help:"User name at the mail server." env:"KOPPI_SMTP_USER"`
	SMTPPasswordFile string   `name:"smtp-password-file" help:"File of that user's password." env:"KOPPI_SMTP_PASSWORD_FILE"`
	SMTPTLS          Security `name:"smtp-tls" help:"How the connection to the mail server is secured: starttls, implicit, or none, which needs a loopback address." enum:"starttls,implicit,none" default:"starttls" env:"KOPPI_SMTP_TLS"`
	SMTPCA           string   `name:"smtp-ca" help:"File of the CA of the mail server's certificate; by default, the system's CAs." env:"KOPPI_SMTP_CA"`
	Link             string   `name:"link" help:"Address of Koppi's pages that is written into these mails, such as https://koppi.example.fi." env:"KOPPI_LINK"`
}

// Open makes a notifier of the settings and of config, whose Mailer and Link it sets. It fails if
// the settings are incomplete or contradict each other, or if a file cannot be read.
func (s Settings) Open(config Config) (*Notifier, error) {
	if s.SMTP == "" {
		for flag, value := range map[string]string{
			"--smtp-from": s.SMTPFrom, "--smtp-user": s.SMTPUser, "--smtp-password-file": s.SMTPPasswordFile, "--smtp-ca": s.SMTPCA, "--link": s.Link,
		} {
			if value != "" {
				return nil, fmt.Errorf("%s is set and no mail server: name it with --smtp host:port", flag)
			}
		}
		return New(config), nil
	}
	var err error
	if config.Link, err = s.link(); err != nil {
		return nil, fmt.Errorf("--link: %w", err)
	}
	if config.Mailer, err = s.mailer(); err != nil {
		return nil, err
	}
	return New(config), nil
}

func (s Settings) mailer() (*Mailer, error) {
	config := MailerConfig{Security: s.SMTPTLS, User: s.SMTPUser}
	if config.Security == "" {
		config.Security = StartTLS
	}
	host, port, err := net.SplitHostPort(s.SMTP)
	if err != nil || host == "" {
		return nil, errors.New("--smtp: write host:port, such as smtp.example.fi:587")
	}
	config.Host = host
	if config.Port, err = strconv.Atoi(port); err != nil {
		return nil, errors.New("--smtp: the port is a number, such as 587")
	}
	if config.From, err = netmail.ParseAddress(s.SMTPFrom); err != nil {
		return nil, errors.New("--smtp-from: write the address that mails are from, such as koppi@example.fi")
	}
	if config.Security == None && !loopback.Is(host) {
		return nil, errors.New("--smtp-tls none is for a mail server on a loopback address only")
	}
	if config.Password, err = s.password(); err != nil {
		return nil, err
	}
	if s.SMTPCA != "" {
		text, err := os.ReadFile(s.SMTPCA)
		if err != nil {
			return nil, fmt.Errorf("--smtp-ca: %w", err)
		}
		if config.Roots = x509.NewCertPool(); !config.Roots.AppendCertsFromPEM(text) {
			return nil, errors.New("--smtp-ca: it holds no certificate")
		}
	}
	mailer, err := NewMailer(config)
	if err != nil {
		return nil, fmt.Errorf("--smtp: %w", err)
	}
	return mailer, nil
}

func (s Settings) password() (string, error) {
	switch {
	case s.SMTPUser == "" && s.SMTPPasswordFile == "":
		return "", nil
	case s.SMTPUser == "":
		return "", errors.New("--smtp-password-file is set and nobody to sign in: name the user with --smtp-user")
	case s.SMTPPasswordFile == "":
		return "", errors.New("--smtp-user has no password: name its file with --smtp-password-file")
	case s.SMTPTLS == None:
		return "", errors.New("--smtp-user: a password is sent over TLS only; remove --smtp-tls none")
	}
	text, err := seal.ReadSecret(s.SMTPPasswordFile)
	if err != nil {
		return "", fmt.Errorf("--smtp-password-file: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if password == "" {
		return "", errors.New("--smtp-password-file: the file is empty")
	}
	return password, nil
}

func (s Settings) link() (string, error) {
	at, err := url.Parse(s.Link)
	switch {
	case s.Link == "" || err != nil || at.Hostname() == "" || at.Scheme != "https" && at.Scheme != "http":
		return "", errors.New("write the address of Koppi's pages, such as https://koppi.example.fi")
	case at.User != nil:
		return "", errors.New("the address holds no user or password")
	case at.Scheme == "http" && !loopback.Is(at.Hostname()):
		return "", errors.New("http is for a loopback address only; write https")
	}
	return at.String(), nil
}
