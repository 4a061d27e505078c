package identity

import (
	"net/url"
	"strings"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/idcode"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// MetadataOnBehalfOf is the metadata key that names the worker for whom a system acts: "worker;unit;role".
// Each part may be percent-encoded UTF-8 (RFC 3986 § 2.1).
const MetadataOnBehalfOf = "koppi-on-behalf-of"

// maxASCII is the last character that may appear unencoded in a header.
const maxASCII = '~'

// onBehalf returns the caller of a system that acts for a worker of its own agency.
func (v *Verifier) onBehalf(caller Caller, named []string) (Caller, error) {
	if !caller.System {
		return caller, fault.New(fault.RoleNotAllowed, "only a system can act on behalf of a worker")
	}
	parts, wrong := readBehalf(named)
	if wrong != "" {
		return caller, fault.New(fault.InvalidField, "%s must have the form worker;unit;role: %s", MetadataOnBehalfOf, wrong).
			Field(MetadataOnBehalfOf, wrong)
	}
	if err := v.config.Directory.Check(&commonv1.Party{Agency: caller.Agency, Unit: parts[1]}, MetadataOnBehalfOf); err != nil {
		return caller, err
	}
	caller.Worker, caller.Unit, caller.Role = parts[0], parts[1], Role(parts[2])
	return caller, nil
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
