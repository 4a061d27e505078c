package matter

import (
	"context"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/loop"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

// Related reads a matter that the caller's agency is party to; any other is not
// found, like one that does not exist.
func (k *Kernel[S]) Related(ctx context.Context, who identity.Caller, id string) (loop.History[S], error) {
	if !IsParty(who) {
		return loop.History[S]{}, NotFound()
	}
	histories, err := k.Engine.Read(ctx, who.Agency, k.config.Collection+id)
	if err != nil {
		return loop.History[S]{}, err
	}
	return histories[0], nil
}

// Read reads a matter that the caller's agency is party to, and records it.
func (k *Kernel[S]) Read(ctx context.Context, who identity.Caller, id string) (loop.History[S], error) {
	history, err := k.Related(ctx, who, id)
	if err != nil {
		return history, err
	}
	return history, k.RecordReading(ctx, who, "", k.config.Reading(history.State))
}

// Delivered tells whether the other side's system has acknowledged the last
// message that both were shown.
func (k *Kernel[S]) Delivered(ctx context.Context, history loop.History[S], own string) (bool, error) {
	for agency := range history.Views {
		if agency == own {
			continue
		}
		messages, err := k.Store.Deliveries(ctx, journal.DeliveryQuery{Agency: agency, ID: history.Shared, Limit: 1})
		if err != nil || len(messages) == 0 {
			return false, fault.Store(err)
		}
		consumers, err := k.Store.Consumers(ctx, agency)
		if err != nil {
			return false, fault.Store(err)
		}
		for _, consumer := range consumers {
			if consumer.Sequence >= messages[0].Sequence {
				return true, nil
			}
		}
	}
	return false, nil
}

// Identity is who the client of a matter is, as an agency may know it, and records
// that it was read. Contact data under a non-disclosure for safety is shown to the
// responsible agency alone.
func (k *Kernel[S]) Identity(ctx context.Context, id string, responsible func(S) string) (*commonv1.Client, error) {
	who, err := Caller(ctx)
	if err != nil {
		return nil, err
	}
	history, err := k.Related(ctx, who, id)
	if err != nil {
		return nil, err
	}
	client, err := k.Client(ctx, k.config.Collection+id)
	if err != nil {
		return nil, err
	}
	if details := client.GetDetails(); details.GetNonDisclosure() && responsible(history.State) != who.Agency {
		client.Details = &commonv1.ClientDetails{
			GivenNames: details.GetGivenNames(), FamilyName: details.GetFamilyName(),
			BirthDate: details.GetBirthDate(), NonDisclosure: true,
		}
	}
	return client, k.RecordReading(ctx, who, "identity", k.config.Reading(history.State))
}
