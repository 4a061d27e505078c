package ground

import (
	"time"

	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// CheckOverrideForm refuses, with fault.InvalidField, a request for an override that has neither a key nor
// both ground and provision.
func CheckOverrideForm(r *consentv1.RequestOverrideRequest) error {
	refused := fault.New(fault.InvalidField, "the request is not well formed")
	switch {
	case r.GetGroundKey() != "":
		return nil
	case r.GetGround() == commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED:
		return refused.Field("ground", "required without ground_key")
	case r.GetProvision() == "":
		return refused.Field("provision", "required without ground_key")
	}
	return nil
}

// OverrideOf returns a request for an override with the ground and provision of the row that it names. It
// refuses a key that names no row at the time with fault.GroundUnknown, and another ground or provision than
// the row's with fault.InvalidField. Whether the ground overrides a prohibition is not checked here.
func (t *Table) OverrideOf(r *consentv1.RequestOverrideRequest, at time.Time) (*consentv1.RequestOverrideRequest, error) {
	if r.GetGroundKey() == "" {
		return r, nil
	}
	row, known := t.Find(r.GetGroundKey(), at)
	switch {
	case !known:
		return nil, fault.New(fault.GroundUnknown, "no ground with this key is in force").Field("ground_key", "the key of a ground in force")
	case r.GetGround() != commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED && r.GetGround() != row.Ground:
		return nil, contradicts("ground", "empty or "+row.Ground.String())
	case r.GetProvision() != "" && r.GetProvision() != row.Provision:
		return nil, contradicts("provision", "empty or "+row.Provision)
	}
	resolved := proto.CloneOf(r)
	resolved.Ground, resolved.Provision = row.Ground, row.Provision
	return resolved, nil
}
