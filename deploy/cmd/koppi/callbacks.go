package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/metadata"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

type callbacksCommand struct {
	List  callbacksList  `cmd:"" help:"List the subjects whose messages an agency's endpoint refused for good."`
	Retry callbacksRetry `cmd:"" help:"Deliver a subject's parked messages again, marked redelivered."`
}

// operating is how an operator reaches Koppi.
type operating struct {
	Address   string `help:"Koppi's address." default:"http://127.0.0.1:8080"`
	TokenFile string `help:"File that holds an operator's token, or that of the agency's system; without it a development instance is asked."`
}

type callbacksList struct {
	operating `embed:""`
}

type callbacksRetry struct {
	operating `embed:""`

	Agency  string `arg:"" help:"Agency, as listed."`
	Service string `arg:"" help:"Service, as listed."`
	Subject string `arg:"" help:"Subject, as listed."`
}

// Run lists what is parked.
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
				again = "asked for"
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", one.GetAgency(), one.GetService(), one.GetSubject(), one.GetSequence(),
				one.GetRefusedAt().AsTime().Format(time.RFC3339), code.Code(one.GetCode()), again)
		}
		return table.Flush()
	})
}

// Run asks for another delivery.
func (c *callbacksRetry) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, client exchangev1.ParkingServiceClient) error {
		// The reader that calls endpoints has this name.
		request := &exchangev1.RetryParkedRequest{Agency: c.Agency, Consumer: "callback", Service: c.Service, Subject: c.Subject}
		if _, err := client.RetryParked(ctx, request); err != nil {
			return err
		}
		fmt.Println("asked for: the messages go out again, and koppi callbacks list tells when they have")
		return nil
	})
}

func (o operating) call(ctx context.Context, do func(context.Context, exchangev1.ParkingServiceClient) error) (err error) {
	token, err := o.token(ctx)
	if err != nil {
		return err
	}
	conn, err := dial(o.Address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return do(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), exchangev1.NewParkingServiceClient(conn))
}

func (o operating) token(ctx context.Context) (string, error) {
	if o.TokenFile == "" {
		return devToken(ctx, o.Address, "", "", "operator", "operator")
	}
	text, err := os.ReadFile(o.TokenFile)
	return strings.TrimSpace(string(text)), err
}
