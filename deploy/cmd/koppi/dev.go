package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// devToken asks a running development instance for a token.
func devToken(ctx context.Context, address, agency, unit, worker, role string) (string, error) {
	body, err := json.Marshal(map[string]string{"agency": agency, "unit": unit, "worker": worker, "role": role})
	if err != nil {
		return "", err
	}
	if _, err := located(address); err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		strings.TrimSuffix(address, "/")+"/koppi.dev.v1.DevService/IssueToken", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return "", fmt.Errorf("no answer from Koppi at %s; is it running? (%w)", address, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	var answer struct{ Token, Message string }
	switch err := json.Unmarshal(text, &answer); {
	case err != nil || answer.Token == "" && answer.Message == "":
		// Without the parser's message: it does not show what is wrong.
		return "", fmt.Errorf("no token: %s issues none; koppi up --dev does, and elsewhere an identity provider", address)
	case answer.Token == "":
		return "", errors.New("no token: " + answer.Message)
	}
	return answer.Token, nil
}
