package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"

	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// calledAgency is a running Koppi, and the agency whose endpoint is meant.
type calledAgency struct {
	operating `embed:""`

	Agency string `help:"Agency that is called; needed with an operator's token, and without a token file."`
}

type callbacksShow struct {
	calledAgency `embed:""`
}

type callbacksPing struct {
	calledAgency `embed:""`
}

type callbacksNow struct {
	calledAgency `embed:""`
}

type callbacksRewind struct {
	calledAgency `embed:""`

	Cursor    string `help:"Cursor that came with the last message that the agency still has." xor:"from" required:""`
	Beginning bool   `help:"Deliver everything again, from the first message on." xor:"from" required:""`
}

// Run prints the state of an endpoint and its last calls.
func (c *callbacksShow) Run(ctx context.Context) error {
	return c.call(ctx, false, func(ctx context.Context, client exchangev1.EndpointServiceClient) error {
		endpoint, err := client.GetEndpoint(ctx, &exchangev1.GetEndpointRequest{Agency: c.Agency})
		if err != nil {
			return err
		}
		return printEndpoint(os.Stdout, endpoint)
	})
}

// Run calls an endpoint without messages, and fails if the endpoint does not answer as it should.
func (c *callbacksPing) Run(ctx context.Context) error {
	return c.call(ctx, false, func(ctx context.Context, client exchangev1.EndpointServiceClient) error {
		response, err := client.PingEndpoint(ctx, &exchangev1.PingEndpointRequest{Agency: c.Agency})
		if err != nil {
			return err
		}
		call := response.GetCall()
		if call.GetCode() != 0 {
			return fmt.Errorf("the endpoint answered %s after %s", resultText(call), call.GetTook().AsDuration())
		}
		fmt.Printf("the endpoint answered after %s\n", call.GetTook().AsDuration())
		return nil
	})
}

// Run has an endpoint called at once.
func (c *callbacksNow) Run(ctx context.Context) error {
	return c.call(ctx, false, func(ctx context.Context, client exchangev1.EndpointServiceClient) error {
		if _, err := client.DeliverNow(ctx, &exchangev1.DeliverNowRequest{Agency: c.Agency}); err != nil {
			return err
		}
		fmt.Println("asked: Koppi calls within 5 s; koppi callbacks show says what came")
		return nil
	})
}

// Run moves the agency's position back.
func (c *callbacksRewind) Run(ctx context.Context) error {
	return c.call(ctx, true, func(ctx context.Context, client exchangev1.EndpointServiceClient) error {
		moved, err := client.RewindEndpoint(ctx, &exchangev1.RewindEndpointRequest{Cursor: c.Cursor})
		if err != nil {
			return err
		}
		fmt.Printf("asked: %d messages are delivered again, in order\n", moved.GetAgain())
		return nil
	})
}

// call calls as an operator or as the agency's system; own asks for the system where a development instance gives
// the token.
func (c calledAgency) call(ctx context.Context, own bool, do func(context.Context, exchangev1.EndpointServiceClient) error) error {
	token := c.token
	if own && c.TokenFile == "" {
		token = func(ctx context.Context) (string, error) { return devToken(ctx, c.Address, c.Agency, "", "", "system") }
	}
	return c.connected(ctx, token, func(ctx context.Context, conn *grpc.ClientConn) error {
		return do(ctx, exchangev1.NewEndpointServiceClient(conn))
	})
}

func printEndpoint(to io.Writer, endpoint *exchangev1.GetEndpointResponse) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s is called at %s over %s\n", endpoint.GetAgency(), endpoint.GetUrl(), endpoint.GetProtocol())
	calls := endpoint.GetCalls()
	if since := calls.GetFailingSince(); since != nil {
		fmt.Fprintf(&text, "calls fail since %s", since.AsTime().Format(time.RFC3339))
		if again := calls.GetAgainAt(); again != nil {
			fmt.Fprintf(&text, "; the next one is at %s", again.AsTime().Format(time.RFC3339))
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "an answer is awaited for %s; after a failure Koppi calls again after %s, doubling up to %s\n", endpoint.GetAnswerTimeout().AsDuration(),
		endpoint.GetFirstRetry().AsDuration(), endpoint.GetLastRetry().AsDuration())
	fmt.Fprintf(&text, "cursor: %s\n", endpoint.GetCursor())
	for _, box := range endpoint.GetMailboxes() {
		fmt.Fprintf(&text, "%s: %d accepted, %d wait\n", box.GetService(), box.GetSequence(), box.GetWaiting())
	}
	if _, err := io.WriteString(to, text.String()); err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "AT\tKIND\tMESSAGES\tACCEPTED\tRESULT\tTOOK")
	all := calls.GetCalls()
	if ping := endpoint.GetPing(); ping != nil {
		all = append([]*exchangev1.EndpointCall{ping}, all...)
	}
	for _, call := range all {
		kind := strings.ToLower(strings.TrimPrefix(call.GetKind().String(), "ENDPOINT_CALL_KIND_"))
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%s\n", call.GetAt().AsTime().Format(time.RFC3339), kind, call.GetMessages(), call.GetAccepted(),
			resultText(call), call.GetTook().AsDuration())
	}
	return table.Flush()
}

// resultText is the code of a call, with the HTTP status of an answer that is not 200.
func resultText(call *exchangev1.EndpointCall) string {
	text := code.Code(call.GetCode()).String()
	if call.GetHttpStatus() != 0 {
		text += fmt.Sprintf(" (HTTP %d)", call.GetHttpStatus())
	}
	return text
}
