// Command program is a partner's program in a module of its own, which the test builds outside of this repository with
// the kit as it is served. It keeps what comes in a file.
//
//	program endpoint PORT SECRETS_FILE INBOX
//	program watch|poll ADDRESS TOKEN_FILE INBOX
package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"koppi.internal/partner"
)

func main() {
	file, err := partner.OpenFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if os.Args[1] == "endpoint" {
		endpoint, err := partner.NewEndpoint(file, slog.Default(), strings.Fields(string(text))...)
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Addr: "127.0.0.1:" + os.Args[2], Handler: endpoint, ReadHeaderTimeout: 10 * time.Second}
		log.Fatal(server.ListenAndServe())
	}
	conn, err := partner.Connect(os.Args[2], func(context.Context) (string, error) { return strings.TrimSpace(string(text)), nil })
	if err != nil {
		log.Fatal(err)
	}
	if os.Args[1] == "poll" {
		_, err = partner.Poll(ctx, conn, file, "go-poll")
	} else {
		err = partner.New(partner.Config{Conn: conn, Inbox: file, Logger: slog.Default(), Consumer: "go-watch"}).Run(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}
