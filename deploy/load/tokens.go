package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	devv1 "koppi.internal/proto/gen/koppi/dev/v1"
)

// tokenAge is how long a token is used before a new one is issued.
const tokenAge = time.Hour

// tokens holds the tokens with which parties call.
type tokens struct {
	// issue returns a new token for a party.
	issue func(ctx context.Context, of party) (string, error)
	// given are the tokens of a file, by agency; nil if a development instance issues any token.
	given map[string]givenTokens

	mu   sync.Mutex
	kept map[party]keptToken
}

type keptToken struct {
	token string
	since time.Time
}

// givenTokens are an agency's tokens in a file: the system's reads its mailbox, the worker's
// handles its matters.
type givenTokens struct {
	System string `json:"system"`
	Worker string `json:"worker"`
	// Unit is the unit that the worker's token names.
	Unit string `json:"unit"`
}

// errNoTokens says where tokens come from.
var errNoTokens = errors.New(`no tokens: the server at this address issues none (koppi up --dev does); name a file of tokens with --tokens: {"kela": {"system": "…", "worker": "…", "unit": "toimeentulotuki"}, …}`)

// devTokens gets tokens from a development instance, and fails if the server is none.
func devTokens(ctx context.Context, conn grpc.ClientConnInterface) (*tokens, error) {
	client := devv1.NewDevServiceClient(conn)
	if _, err := client.GetClock(ctx, &devv1.GetClockRequest{}); err != nil {
		return nil, errors.Join(errNoTokens, err)
	}
	return &tokens{kept: map[party]keptToken{}, issue: func(ctx context.Context, of party) (string, error) {
		issued, err := client.IssueToken(ctx, &devv1.IssueTokenRequest{Agency: of.agency, Unit: of.unit, Worker: of.worker, Role: string(of.role)})
		return issued.GetToken(), err
	}}, nil
}

// fileTokens reads tokens from a file.
func fileTokens(path string) (*tokens, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the caller's
	if err != nil {
		return nil, err
	}
	given := map[string]givenTokens{}
	if err := json.Unmarshal(text, &given); err != nil {
		// Without the decoder's message: it may quote a token.
		return nil, fmt.Errorf("%s is not a valid file of tokens: %w", path, errNoTokens)
	}
	for agency, one := range given {
		if one.System == "" || one.Worker == "" || one.Unit == "" {
			return nil, fmt.Errorf("%s: %s needs a token of a system, a token of a worker, and the worker's unit", path, agency)
		}
	}
	return &tokens{kept: map[party]keptToken{}, given: given, issue: func(_ context.Context, of party) (string, error) {
		if of.role == identity.RoleSystem {
			return given[of.agency].System, nil
		}
		return given[of.agency].Worker, nil
	}}, nil
}

// reach keeps the agencies and units for which there are tokens.
func (t *tokens) reach(agencies []*caseworkv1.Agency) []*caseworkv1.Agency {
	if t.given == nil {
		return agencies
	}
	var reached []*caseworkv1.Agency
	for _, a := range agencies {
		for _, unit := range a.GetUnits() {
			if unit.GetUnit() == t.given[a.GetAgency()].Unit {
				reached = append(reached, &caseworkv1.Agency{Agency: a.GetAgency(), Names: a.GetNames(), Kind: a.GetKind(), Units: []*caseworkv1.Unit{unit}})
			}
		}
	}
	return reached
}

// of returns a party's token, issuing a new one after tokenAge.
func (t *tokens) of(ctx context.Context, of party) (string, error) {
	t.mu.Lock()
	kept, known := t.kept[of]
	t.mu.Unlock()
	if known && time.Since(kept.since) < tokenAge {
		return kept.token, nil
	}
	token, err := t.issue(ctx, of)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[of] = keptToken{token, time.Now()}
	return token, nil
}

// as returns a context with the party's token.
func (t *tokens) as(ctx context.Context, of party) (context.Context, error) {
	token, err := t.of(ctx, of)
	if err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), nil
}
