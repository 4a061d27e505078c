package notice

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

// Security is how a connection to the mail server is secured.
type Security string

const (
	// StartTLS begins in the clear and refuses to go on so.
	StartTLS Security = "starttls"
	// Implicit is TLS from the beginning.
	Implicit Security = "implicit"
	// None is for a server on this machine alone.
	None Security = "none"
)

// mailTimeout is how long one mail may take, from dialling to the server's last word.
const mailTimeout = 20 * time.Second

// Mailer sends mails through one server.
type Mailer struct {
	host    string
	from    *netmail.Address
	domain  string
	options []mail.Option
	dial    mail.DialContextFunc
}

// MailerConfig is what a mailer needs. Host, Port, From and Security are required.
type MailerConfig struct {
	Host     string
	Port     int
	From     *netmail.Address
	Security Security
	// User and Password sign in; empty for nobody.
	User, Password string
	// Roots verify the server; nil are the system's.
	Roots *x509.CertPool
}

// NewMailer makes it; nothing is dialled yet.
func NewMailer(config MailerConfig) (*Mailer, error) {
	m := &Mailer{host: config.Host, from: config.From, domain: domainOf(config.From)}
	// The greeting names the sender's domain, and not this machine.
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
			return nil, errors.New("a password is sent over TLS alone")
		}
		// The first of these that the server takes.
		m.options = append(m.options, mail.WithUsername(config.User), mail.WithPassword(config.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	_, err := m.client(context.Background())
	return m, err
}

func domainOf(address *netmail.Address) string {
	return address.Address[strings.LastIndexByte(address.Address, '@')+1:]
}

// client makes a client whose connections end with the context.
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

// Send sends a mail of plain text to an address. No error means that the server has
// taken it. An error names no address and may be logged.
func (m *Mailer) Send(ctx context.Context, to, subject, body string) error {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(message.From(m.from.String()), message.To(to)); err != nil {
		return errors.New("the address cannot be written to")
	}
	message.Subject(subject)
	message.SetBodyString(mail.TypeTextPlain, body)
	message.SetMessageIDWithValue(uuid.NewString() + "@" + m.domain)
	// Nobody's absence is to answer a machine (RFC 3834, and what Exchange has for it).
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
		// What fails behind the server's word does not take it back.
		return nil
	}
	return tellable(err)
}

// tellable is an error without what a server or library says of addresses in it.
func tellable(err error) error {
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
