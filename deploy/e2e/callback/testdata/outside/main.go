// Command partner is a partner's program in a module of its own, which the test builds outside of
// this repository. It stores the messages with which Koppi calls it in a file, and prints the type
// of each event.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"koppi.internal/partner"
)

// printing is an inbox that prints the types of the events that it has stored.
type printing struct{ *partner.File }

func (p printing) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	if err := p.File.Take(ctx, messages, behind); err != nil {
		return err
	}
	for _, one := range messages {
		fmt.Println(one.GetMessage().GetEvent().GetTypeUrl())
	}
	return nil
}

func main() {
	file, err := partner.OpenFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	endpoint, err := partner.NewEndpoint(printing{file}, slog.Default(), os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: endpoint, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}
