// Package gateway shows callers the lists of codes.
package gateway

import (
	"context"

	"koppi.internal/pkg/codelist"
	"koppi.internal/pkg/fault"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
)

// Lists serves the lists of codes to every caller.
type Lists struct{ Codes *codelist.Codes }

// GetCodes returns the codes of a list, in its order. It fails with INVALID_FIELD for an unknown list.
func (l *Lists) GetCodes(_ context.Context, r *caseworkv1.GetCodesRequest) (*caseworkv1.GetCodesResponse, error) {
	codes, known := l.Codes.Table().List(r.GetList())
	if !known {
		return nil, fault.New(fault.InvalidField, "there is no such list of codes").Field("list", "the name of a list of codes, such as "+codelist.PaperKinds)
	}
	response := &caseworkv1.GetCodesResponse{}
	for _, code := range codes {
		response.Codes = append(response.Codes, &caseworkv1.Code{List: r.GetList(), Key: code.Key, Names: code.Names})
	}
	return response, nil
}
