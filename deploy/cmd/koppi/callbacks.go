package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/suite"
	front "koppi.internal/gateway/suite"
	"koppi.internal/pkg/mailbox"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type callbacksCommand struct {
	List  callbacksList  `cmd:"" help:"List the subjects with messages that an agency's endpoint refused for good."`
	Retry callbacksRetry `cmd:"" help:"Deliver a subject's parked messages again, marked as redelivered."`

	Show   callbacksShow   `cmd:"" help:"Show an agency's endpoint: its position, the last calls with their results, and when the next one is."`
	Ping   callbacksPing   `cmd:"" help:"Call an agency's endpoint without messages."`
	Now    callbacksNow    `cmd:"" help:"Call an agency's endpoint at once, without the wait that failures have lengthened."`
	Rewind callbacksRewind `cmd:"" help:"Deliver an agency's messages again from a position on, after it lost what it had stored."`
}

// operating is an operator, or the agency's system, that calls a running Koppi.
type operating struct {
	calling `embed:""`

	TokenFile string `help:"File with a token of an operator or of the agency's system; without it and without a certificate, a token is requested from a development instance."`
}

type callbacksList struct {
	operating `embed:""`
}

type callbacksRetry struct {
	operating `embed:""`

	Agency  string `arg:"" help:"Agency, as in the list."`
	Service string `arg:"" help:"Service, as in the list: concern, referral, consultation or plan."`
	Subject string `arg:"" help:"Subject, as in the list, such as concerns/0198…, or only its id."`
}

// Run lists the parked messages.
func (c *callbacksList) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, client exchangev1.ParkingServiceClient) error {
		listed, err := client.ListParked(ctx, &exchangev1.ListParkedRequest{})
		if err != nil {
			return err
		}
		if len(listed.GetParked()) == 0 {
			fmt.Println("nothing is parked")
			return nil
		}
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "AGENCY\tSERVICE\tSUBJECT\tFROM\tREFUSED\tWITH\tAGAIN")
		for _, one := range listed.GetParked() {
			again := "no"
			if one.GetRetry() {
				again = "requested"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", one.GetAgency(), one.GetService(), one.GetSubject(), one.GetSequence(),
				one.GetRefusedAt().AsTime().Format(time.RFC3339), code.Code(one.GetCode()), again)
		}
		return table.Flush()
	})
}

// Run requests another delivery of a subject's parked messages.
func (c *callbacksRetry) Run(ctx context.Context) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	return c.call(ctx, func(ctx context.Context, client exchangev1.ParkingServiceClient) error {
		if _, err := client.RetryParked(ctx, request); err != nil {
			return err
		}
		fmt.Println("requested: the messages will be delivered again; koppi callbacks list shows when that is done")
		return nil
	})
}

// subjectForm is the format of a subject's full name.
var subjectForm = regexp.MustCompile(`^[a-z]+/[A-Za-z0-9_-]{1,64}$`)

// request accepts the names of services and subjects as the list, the log and a matter's own page
// show them.
func (c *callbacksRetry) request() (*exchangev1.RetryParkedRequest, error) {
	named := slices.IndexFunc(suite.Services, func(one suite.Service) bool {
		return c.Service == one.Name || c.Service == front.CollectionOf(one.Name)
	})
	if named < 0 {
		return nil, fmt.Errorf("unknown service %q: name concern, referral, consultation or plan", c.Service)
	}
	service, subject := suite.Services[named].Name, c.Subject
	if id, err := uuid.Parse(subject); err == nil {
		subject = front.CollectionOf(service) + "/" + id.String()
	}
	if !subjectForm.MatchString(subject) {
		return nil, fmt.Errorf("name the subject as koppi callbacks list shows it, such as %s/0198…, or only its id", front.CollectionOf(service))
	}
	// Callbacks always use this consumer.
	return &exchangev1.RetryParkedRequest{Agency: c.Agency, Consumer: mailbox.CallbackConsumer, Service: service, Subject: subject}, nil
}

func (o operating) call(ctx context.Context, do func(context.Context, exchangev1.ParkingServiceClient) error) error {
	return o.connected(ctx, o.token, func(ctx context.Context, conn *grpc.ClientConn) error {
		return do(ctx, exchangev1.NewParkingServiceClient(conn))
	})
}

// connected calls with the certificate, or with the token that is given.
func (o operating) connected(ctx context.Context, token func(context.Context) (string, error), do func(context.Context, *grpc.ClientConn) error) (err error) {
	conn, err := o.dial(o.TokenFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if o.Cert == "" {
		text, err := token(ctx)
		if err != nil {
			return err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+text)
	}
	return do(ctx, conn)
}

func (o operating) token(ctx context.Context) (string, error) {
	if o.TokenFile == "" {
		return devToken(ctx, o.Address, "", "", "operator", "operator")
	}
	return tokenOf(o.TokenFile)
}
