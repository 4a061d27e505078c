// Package gateway tells callers which version of Koppi answers.
package gateway

import (
	"context"

	"koppi.internal/pkg/version"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"

	"koppi.internal/proto/contract"
)

// Info serves the version of this gateway and of its contract. The zero value is ready.
type Info struct {
	// TestPersons says that this is a test environment.
	TestPersons bool
}

// GetServerInfo returns the version, the digest of the contract, what of it is deprecated, and whether this is a
// test environment.
func (i Info) GetServerInfo(context.Context, *caseworkv1.GetServerInfoRequest) (*caseworkv1.GetServerInfoResponse, error) {
	return &caseworkv1.GetServerInfoResponse{
		Version: version.Number, Contract: contract.Digest(), Deprecated: contract.Deprecated(), TestPersons: i.TestPersons,
	}, nil
}
