package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/wneessen/go-mail"
)

// Security is how the connection to the mail server is secured.
type Security string

const (
	// StartTLS begins in plain text, and requires the change to TLS.
	StartTLS Security = "starttls"
	// Implicit uses TLS from the beginning.
	Implicit Security = "implicit"
	// None uses no TLS; it is for a server on this machine only.
	None Security = "none"
)

// mailTimeout bounds the time of one mail, from dialling to the server's last answer.
const mailTimeout = 20 * time.Second

// Mailer sends mails through one server.
type Mailer struct {
	host    string
	from    *netmail.Address
	domain  string
	options []mail.Option
	dial    mail.DialContextFunc
}

// MailerConfig configures a Mailer. Host, Port, From and Security are required.
type MailerConfig struct {
	Host     string
	Port     int
	From     *netmail.Address
	Security Security
	// User and Password authenticate; without a User there is no authentication.
	User, Password string
	// Roots verify the server's certificate; nil means the system's.
	Roots *x509.CertPool
}

// NewMailer makes a Mailer, without connecting. It fails for an unknown Security, and for a User
// without TLS.
func NewMailer(config MailerConfig) (*Mailer, error) {
	m := &Mailer{host: config.Host, from: config.From, domain: domainOf(config.From)}
	// The greeting (EHLO) names the sender's domain, not this machine.
	m.options = []mail.Option{mail.WithPort(config.Port), mail.WithHELO(m.domain), mail.WithTimeout(mailTimeout), mail.WithoutSMTPUTF8()}
	secured := &tls.Config{ServerName: config.Host, RootCAs: config.Roots, MinVersion: tls.VersionTLS12}
	m.dial = (&net.Dialer{}).DialContext
	switch config.Security {
	case StartTLS:
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTLSConfig(secured))
	case Implicit:
		m.options = append(m.options, mail.WithSSL())
		m.dial = (&tls.Dialer{Config: secured}).DialContext
	case None:
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("%q is none of starttls, implicit and none", config.Security)
	}
	if config.User != "" {
		if config.Security == None {
			return nil, errors.New("a password is sent over TLS only")
		}
		// The first of these mechanisms that the server supports is used.
		m.options = append(m.options, mail.WithUsername(config.User), mail.WithPassword(config.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	_, err := m.client(context.Background())
	return m, err
}

func domainOf(address *netmail.Address) string {
	return address.Address[strings.LastIndexByte(address.Address, '@')+1:]
}

// client makes a client whose connections are closed when the context ends.
func (m *Mailer) client(ctx context.Context) (*mail.Client, error) {
	return mail.NewClient(m.host, append(m.options[:len(m.options):len(m.options)], mail.WithDialContextFunc(
		func(dialling context.Context, network, address string) (net.Conn, error) {
			conn, err := m.dial(dialling, network, address)
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		}))...)
}

// Send sends a plain-text mail to an address. It takes at most mailTimeout. No error means that the
// server has accepted the mail. An error holds no address and may be logged.
func (m *Mailer) Send(ctx context.Context, to, subject, body string) error {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(message.From(m.from.String()), message.To(to)); err != nil {
		return errors.New("the address cannot be written to")
	}
	message.Subject(subject)
	message.SetBodyString(mail.TypeTextPlain, body)
	message.SetMessageIDWithValue(uuid.NewString() + "@" + m.domain)
	// These headers ask for no automatic replies (RFC 3834, and Exchange's own header).
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	ctx, end := context.WithTimeout(ctx, mailTimeout)
	defer end()
	client, err := m.client(ctx)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, message)
	if message.IsDelivered() {
		// The server has accepted the mail; a later failure does not change that.
		return nil
	}
	return loggable(err)
}

// loggable is an error that may be logged: without the text of a server or library, which may hold
// addresses.
func loggable(err error) error {
	var refused *mail.SendError
	var answered *textproto.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() != 0:
		return fmt.Errorf("%s: the mail server answered %d", refused.Reason, refused.ErrorCode())
	case errors.As(err, &refused):
		return fmt.Errorf("%s: the mail server did not answer", refused.Reason)
	case errors.As(err, &answered):
		return fmt.Errorf("the mail server answered %d", answered.Code)
	}
	return err
}
