package identity

import (
	"context"

	"koppi.internal/pkg/fault"
)

// SignIns returns the issuers at which people sign in to the pages, in the order of the configuration.
func (v *Verifier) SignIns() []IssuerConfig {
	var all []IssuerConfig
	for _, entry := range v.config.Issuers {
		if entry.SignIn != nil {
			all = append(all, entry)
		}
	}
	return all
}

// Provider returns the provider metadata of an issuer of SignIns. It fails with reason UNAVAILABLE if the
// issuer does not answer.
func (v *Verifier) Provider(ctx context.Context, issuer string) (*Provider, error) {
	from := v.issuers[issuer]
	if from.provider == nil {
		return nil, fault.New(fault.NotFound, "this issuer offers no sign-in")
	}
	return from.provider.current(ctx)
}

// SignedIn verifies a token that an issuer of SignIns gave to the pages for the sign-in with this nonce. It
// fails with the reasons of Verify.
func (v *Verifier) SignedIn(ctx context.Context, issuer, token, nonce string) (Caller, error) {
	from := v.issuers[issuer]
	if from.SignIn == nil {
		return Caller{}, invalidToken("its issuer is not trusted")
	}
	proved, err := v.prove(ctx, token, signedIn{issuer: issuer, client: from.SignIn.ClientID, nonce: nonce})
	return proved.caller, err
}

// Still checks whether a caller who was verified before would be verified now: the issuer is still trusted,
// may still speak for the caller, and the directory still has the caller's unit. It fails with reason
// TOKEN_INVALID.
func (v *Verifier) Still(caller Caller) error {
	from, known := v.issuers[caller.Issuer]
	if !known {
		return invalidToken("its issuer is not trusted")
	}
	return v.may(caller, from)
}
