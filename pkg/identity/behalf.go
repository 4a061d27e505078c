package identity

import (
	"context"
	"net/url"
	"strings"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
)

// MetadataOnBehalfOf is the metadata key that names the worker for whom a system acts: "worker;unit;role".
// Each part may be percent-encoded UTF-8 (RFC 3986 § 2.1).
const MetadataOnBehalfOf = "koppi-on-behalf-of"

// maxASCII is the last character that may appear unencoded in a header.
const maxASCII = '~'

// onBehalf returns the caller of a system that acts for a worker of its own agency, for whom the directory
// lets it act. Field is what names the worker in a refusal.
func (v *Verifier) onBehalf(caller Caller, named []string, field string) (Caller, error) {
	if !caller.System {
		return caller, fault.New(fault.RoleNotAllowed, "only a system can act on behalf of a worker")
	}
	parts, wrong := readBehalf(named)
	if wrong != "" {
		return caller, fault.New(fault.InvalidField, "%s must have the form worker;unit;role: %s", field, wrong).Field(field, wrong)
	}
	worker, unit, role := parts[0], parts[1], parts[2]
	if err := v.config.Directory.Check(&commonv1.Party{Agency: caller.Agency, Unit: unit}, field); err != nil {
		return caller, err
	}
	limit := v.config.Directory.OnBehalf(caller.Agency, caller.SystemSubject)
	switch {
	case !limit.AllowsUnit(unit):
		return caller, fault.New(fault.OnBehalfNotAllowed, "the directory does not let this system act for workers of this unit").
			Field(field, "a unit for which the directory lets the system act")
	case !limit.AllowsRole(role):
		return caller, fault.New(fault.OnBehalfNotAllowed, "the directory does not let this system act for workers in this role").
			Field(field, "a role for which the directory lets the system act")
	}
	caller.Worker, caller.Unit, caller.Role = worker, unit, Role(role)
	return caller, nil
}

// FieldOnBehalfOf is the field of a request on a stream that names the worker for whom it is sent.
const FieldOnBehalfOf = "send.on_behalf_of"

// OnBehalf returns the suite's token for a worker whom a request on a stream names, as the metadata of a call
// would name it. Stream is the suite's token for the caller of the stream, which is refused if it names
// another worker already. Admit is as in Completed.
func (x *TokenExchange) OnBehalf(ctx context.Context, stream, named string, admit Admit) (string, error) {
	acting, err := x.acting(ctx, stream, named)
	if err == nil && admit != nil {
		acting, err = admit(ctx, acting)
	}
	if err != nil {
		x.refused(ctx, exchangev1.ExchangeService_Exchange_FullMethodName, err)
		return "", err
	}
	return x.token(acting, false)
}

// acting returns the caller of a stream as it acts for the worker whom a request on the stream names.
func (x *TokenExchange) acting(ctx context.Context, stream, named string) (Caller, error) {
	caller, err := x.suite.Verify(ctx, stream)
	if err != nil {
		return caller, err
	}
	// What only the suite's tokens hold is found again for the worker, and the issuer was another.
	caller.Duty, caller.Emergencies, caller.Issuer = "", "", ""
	acting, err := x.config.Verifier.onBehalf(caller, []string{named}, FieldOnBehalfOf)
	if err == nil && caller.Worker != "" && acting != caller {
		err = fault.New(fault.InvalidField, "the stream is opened on behalf of another worker, unit or role").
			Field(FieldOnBehalfOf, "empty, or as "+MetadataOnBehalfOf+" of the stream")
	}
	return acting, err
}

// ActsFor reports whether a caller is a system that acts for exactly the worker whom a request on a stream names.
func (c Caller) ActsFor(named string) bool {
	parts, wrong := readBehalf([]string{named})
	return wrong == "" && c.System && c.Worker == parts[0] && c.Unit == parts[1] && c.Role == Role(parts[2])
}

// readBehalf splits the header into its parts, or says what is wrong with it, without repeating the value.
func readBehalf(named []string) (parts []string, wrong string) {
	if len(named) != 1 {
		return nil, "send it once"
	}
	if strings.ContainsFunc(named[0], func(r rune) bool { return r < ' ' || r > maxASCII }) {
		return nil, "it is not ASCII; send percent-encoded UTF-8, not Latin-1"
	}
	parts = strings.Split(named[0], ";")
	if len(parts) != 3 {
		return nil, "it must have three parts, separated by semicolons"
	}
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return nil, "its percent-encoding is invalid"
		}
		parts[i] = decoded
	}
	switch {
	case !idcode.IsSubject(parts[0]):
		return nil, "the worker must be the subject from your identity provider: 1 to 128 characters of A-Z a-z 0-9 . _ @ : + = / | - and neither a person's name nor an identity code"
	case !Role(parts[2]).IsWorker():
		return nil, "the role must be a worker's role"
	}
	return parts, ""
}
