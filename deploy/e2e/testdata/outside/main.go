// Command partner is a partner's program in a module of its own, which the test builds outside of
// this repository: it takes what Koppi calls it with into a file, and tells each event's type.
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

	"koppi.internal/pkg/partner"
)

// told is an inbox that tells what it was handed.
type told struct{ *partner.File }

func (t told) Take(ctx context.Context, messages []partner.Message, behind partner.Position) error {
	if err := t.File.Take(ctx, messages, behind); err != nil {
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
	endpoint, err := partner.NewEndpoint(told{file}, slog.Default(), os.Args[2])
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
