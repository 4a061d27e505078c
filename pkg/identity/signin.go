package identity

import (
	"context"

	"koppi.internal/pkg/fault"
)

// SignIns are the issuers at which people sign in to the pages, in the configuration's
// order.
func (v *Verifier) SignIns() []IssuerConfig {
	var all []IssuerConfig
	for _, entry := range v.config.Issuers {
		if entry.SignIn != nil {
			all = append(all, entry)
		}
	}
	return all
}

// Provider is what an issuer of SignIns says of itself. It fails with reason UNAVAILABLE
// where the issuer does not answer.
func (v *Verifier) Provider(ctx context.Context, issuer string) (*Provider, error) {
	from := v.issuers[issuer]
	if from.provider == nil {
		return nil, fault.New(fault.NotFound, "nobody signs in there")
	}
	return from.provider.current(ctx)
}

// SignedIn believes a token that an issuer of SignIns gave to the pages themselves, for
// the sign-in of this nonce. It fails as Verify does.
func (v *Verifier) SignedIn(ctx context.Context, issuer, token, nonce string) (Caller, error) {
	from := v.issuers[issuer]
	if from.SignIn == nil {
		return Caller{}, invalidToken("its issuer")
	}
	believed, err := v.prove(ctx, token, signedIn{issuer: issuer, client: from.SignIn.ClientID, nonce: nonce})
	return believed.caller, err
}

// Still tells whether a caller who was believed before would be now: its issuer is still
// one, may still speak for it, and the directory still has its unit. It fails with reason
// TOKEN_INVALID.
func (v *Verifier) Still(caller Caller) error {
	from, known := v.issuers[caller.Issuer]
	if !known {
		return invalidToken("its issuer")
	}
	return v.may(caller, from)
}
