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

// devToken asks a running development instance for a token.
func devToken(ctx context.Context, address, agency, unit, worker, role string) (string, error) {
	body, err := json.Marshal(map[string]string{"agency": agency, "unit": unit, "worker": worker, "role": role})
	if err != nil {
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
		return "", fmt.Errorf("is it running? %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	var answer struct{ Token, Message string }
	if err := json.Unmarshal(text, &answer); err != nil || answer.Token == "" {
		return "", errors.Join(errors.New("no token: "+answer.Message), err)
	}
	return answer.Token, nil
}
