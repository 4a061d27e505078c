package worklist

import (
	"context"
	"strings"

	"koppi.internal/pkg/accesslog"
	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/reading"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// name adds the client's name and date of birth to a row, after it recorded that the worker read them: once a
// day, worker and matter. Under a non-disclosure the holder and the second worker alone are given them. A matter entered in error
// and one without a client have none.
func (l *Worklist[S]) name(ctx context.Context, who identity.Caller, shown reading.Shown[S], row journal.WorklistEntry, item *caseworkv1.WorkItem) error {
	client, err := l.Identity(ctx, who, shown.View)
	if err != nil || client == nil {
		return err
	}
	if client.GetDetails().GetNonDisclosure() {
		item.NonDisclosure = true
		if who.Worker == "" || row.Worker != who.Worker && row.Second != who.Worker {
			return nil
		}
	}
	if err := l.Once(ctx, who, accesslog.PurposeNames, shown.Reading()); err != nil {
		return err
	}
	item.ClientName = strings.TrimSpace(client.GetDetails().GetFamilyName() + " " + client.GetDetails().GetGivenNames())
	item.ClientBirthDate = birthDate(client)
	return nil
}

// birthDate returns a client's date of birth, from the identity code or else as given; empty if neither has
// it.
func birthDate(client *commonv1.Client) string {
	if born, known := idcode.Born(client.GetPersonalIdentityCode()); known {
		return born.Format("2006-01-02")
	}
	return client.GetDetails().GetBirthDate()
}
