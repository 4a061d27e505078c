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

// tokenAge is how long a token is used before another is asked for.
const tokenAge = time.Hour

// tokens speak for the parties.
type tokens struct {
	// issue gives a token anew.
	issue func(ctx context.Context, of party) (string, error)
	// given are the agencies of a file of tokens; nil where all can be had.
	given map[string]givenTokens

	mu   sync.Mutex
	kept map[party]keptToken
}

type keptToken struct {
	token string
	since time.Time
}

// givenTokens are an agency's in a file: its mailbox is read by a system, its matters are
// handled by a worker.
type givenTokens struct {
	System string `json:"system"`
	Worker string `json:"worker"`
	// Unit that the worker's token names.
	Unit string `json:"unit"`
}

// errNoTokens says where tokens come from.
var errNoTokens = errors.New(`no tokens: the address gives none out (koppi up --dev does); name a file of them with --tokens: {"kela": {"system": "…", "worker": "…", "unit": "toimeentulotuki"}, …}`)

// devTokens are had for the asking; it fails where they are not.
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

// fileTokens are those of a file.
func fileTokens(path string) (*tokens, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is the caller's
	if err != nil {
		return nil, err
	}
	given := map[string]givenTokens{}
	if err := json.Unmarshal(text, &given); err != nil {
		// Not the decoder's own words: they may quote a token.
		return nil, fmt.Errorf("%s is no such file: %w", path, errNoTokens)
	}
	for agency, one := range given {
		if one.System == "" || one.Worker == "" || one.Unit == "" {
			return nil, fmt.Errorf("%s: %s needs a system's token, a worker's, and the worker's unit", path, agency)
		}
	}
	return &tokens{kept: map[party]keptToken{}, given: given, issue: func(_ context.Context, of party) (string, error) {
		if of.role == identity.RoleSystem {
			return given[of.agency].System, nil
		}
		return given[of.agency].Worker, nil
	}}, nil
}

// reach leaves the agencies and units that there are tokens for.
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

// of gives a party's token.
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

// as lets a context speak for a party.
func (t *tokens) as(ctx context.Context, of party) (context.Context, error) {
	token, err := t.of(ctx, of)
	if err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), nil
}
