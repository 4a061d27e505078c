package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

type tokenCommand struct {
	Address string `help:"Where the development instance serves." default:"http://127.0.0.1:8080"`
	Agency  string `help:"Agency that the token speaks for."`
	Unit    string `help:"Unit within the agency."`
	Worker  string `help:"The worker's name at the agency's identity provider."`
	Role    string `help:"social_worker, social_counsellor, service_guide, benefit_handler, health_professional, youth_worker, employment_officer, system, operator." required:""`
}

// Run prints a token.
func (c *tokenCommand) Run(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"agency": c.Agency, "unit": c.Unit, "worker": c.Worker, "role": c.Role})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		strings.TrimSuffix(c.Address, "/")+"/koppi.dev.v1.DevService/IssueToken", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("is it running? %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct{ Token, Message string }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Token == "" {
		return errors.Join(errors.New("no token: "+answer.Message), err)
	}
	fmt.Println(answer.Token)
	return nil
}
