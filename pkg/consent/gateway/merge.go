package gateway

import (
	"cmp"
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/matter"
	consentv1 "koppi.internal/proto/gen/koppi/consent/v1"
)

// merged merges the consent directives of all services into one list. An element of all is nil for
// a service that knows none. A directive that not every service has, or that services have in
// different states, is not marked as everywhere.
func merged(all []*consentv1.Wishes) *consentv1.Wishes {
	out := &consentv1.Wishes{}
	for _, same := range grouped(all, (*consentv1.Wishes).GetConsents, (*consentv1.AdvanceConsent).GetConsentId) {
		one := same[0]
		one.Everywhere = len(same) == len(all)
		for _, other := range same[1:] {
			one.CitedIn, one.Withdrawn = append(one.CitedIn, other.GetCitedIn()...), append(one.Withdrawn, other.GetWithdrawn()...)
			one.Everywhere = one.GetEverywhere() && (one.GetWithdrawnAt() == nil) == (other.GetWithdrawnAt() == nil)
			if one.GetWithdrawnAt() == nil {
				one.WithdrawnAt, one.WithdrawnBy = other.GetWithdrawnAt(), other.GetWithdrawnBy()
			}
		}
		out.Consents = append(out.Consents, one)
	}
	for _, same := range grouped(all, (*consentv1.Wishes).GetProhibitions, (*consentv1.Prohibition).GetProhibitionId) {
		one := same[0]
		one.Everywhere = len(same) == len(all)
		for _, other := range same[1:] {
			one.Withdrawn, one.Continuing = append(one.Withdrawn, other.GetWithdrawn()...), append(one.Continuing, other.GetContinuing()...)
			one.Everywhere = one.GetEverywhere() && (one.GetLiftedAt() == nil) == (other.GetLiftedAt() == nil)
			if other.GetLiftedAt() == nil {
				// A prohibition stands for as long as one service has not lifted it.
				one.LiftedAt, one.LiftedBy = nil, nil
			}
		}
		out.Prohibitions = append(out.Prohibitions, one)
	}
	for _, same := range grouped(all, (*consentv1.Wishes).GetWaiting, (*consentv1.WaitingWish).GetWishId) {
		one := same[0]
		one.Everywhere = len(same) == len(all)
		for _, other := range same[1:] {
			one.Everywhere = one.GetEverywhere() && (one.GetDecidedAt() == nil) == (other.GetDecidedAt() == nil)
			if one.GetDecidedAt() == nil {
				one.DecidedAt, one.DecidedBy, one.Confirmed = other.GetDecidedAt(), other.GetDecidedBy(), other.GetConfirmed()
			}
		}
		out.Waiting = append(out.Waiting, one)
	}
	for _, part := range all {
		out.Blocked, out.Overrides = append(out.Blocked, part.GetBlocked()...), append(out.Overrides, part.GetOverrides()...)
	}
	out.Consents = newest(out.GetConsents(), (*consentv1.AdvanceConsent).GetGivenAt)
	out.Prohibitions = newest(out.GetProhibitions(), (*consentv1.Prohibition).GetGivenAt)
	out.Blocked = newest(out.GetBlocked(), (*consentv1.BlockedSending).GetAt)
	out.Waiting = newest(out.GetWaiting(), (*consentv1.WaitingWish).GetRecordedAt)
	out.Overrides = newest(out.GetOverrides(), (*consentv1.Override).GetRequestedAt)
	return matter.Newest(out, matter.MaxAnswer, "consents", "prohibitions", "blocked", "overrides")
}

// grouped groups the services' copies of the same directive; the groups are ordered by the
// directive's name.
func grouped[W any](all []*consentv1.Wishes, of func(*consentv1.Wishes) []W, name func(W) string) [][]W {
	groups := map[string][]W{}
	for _, part := range all {
		for _, one := range of(part) {
			groups[name(one)] = append(groups[name(one)], one)
		}
	}
	ordered := make([][]W, 0, len(groups))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		ordered = append(ordered, groups[name])
	}
	return ordered
}

// newest sorts a list, the newest first, and keeps at most maxConsents elements.
func newest[W any](list []W, at func(W) *timestamppb.Timestamp) []W {
	slices.SortStableFunc(list, func(a, b W) int { return cmp.Compare(at(b).AsTime().UnixMicro(), at(a).AsTime().UnixMicro()) })
	return list[:min(len(list), maxConsents)]
}
