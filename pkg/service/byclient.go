package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"koppi.internal/pkg/command"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	"koppi.internal/pkg/reading"
)

// TakeAsClient takes a step that the person takes on a matter about itself. Decide is pure and gets
// the whole matter. It returns the matter as the person then reads it. For a person whom the matter
// does not concern it is not found, as if it did not exist.
func TakeAsClient[S matter.State](
	ctx context.Context, s *Service[S], who identity.Caller, r Request, id string, decide func(matter.World[S], string, time.Time) ([]matter.Event, error),
) (reading.Shown[S], error) {
	access, digest, err := s.AccessLog.Write(ctx, who, r)
	if err != nil {
		return reading.Shown[S]{}, err
	}
	subject := s.config.Collection + id
	result, err := command.Handle(ctx, s.Engine, command.Command[S, command.None]{
		Target: command.Target{Client: who.Client, Subject: subject, RequestID: r.GetRequestId(), Digest: digest, Access: access},
		Decide: func(world matter.World[S], _ command.None, at time.Time) ([]matter.Event, error) {
			events, err := decide(world, subject, at)
			if err != nil {
				return nil, err
			}
			// The person is no party with an extent of its own: the matter must have room at each party.
			for _, agency := range slices.Sorted(maps.Keys(world.Subjects[subject].Views)) {
				if err := s.config.Rules.CheckRoom(world, agency, subject, matter.StepOf(r), events); err != nil {
					return nil, err
				}
			}
			return events, nil
		},
	})
	if err != nil {
		return reading.Shown[S]{}, err
	}
	return s.Matters.Shown(s.Matters.View(who, result.History), who), nil
}
