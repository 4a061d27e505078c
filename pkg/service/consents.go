package service

import (
	"koppi.internal/pkg/command"
	"koppi.internal/pkg/consent"
	"koppi.internal/pkg/consent/directive"
	"koppi.internal/pkg/matter"
)

// consents are the parts of the capability consent that the service and its internal API use.
type consents[S matter.State] struct {
	guard       *consent.Guard[S]
	matters     *consent.Consents[S]
	recording   *consent.Recording[S]
	vouching    *consent.Vouching[S]
	withdrawals *consent.Withdrawals[S]
}

// newConsents composes the capability consent for a service.
func newConsents[S matter.State](s *Service[S], directives *command.Engine[directive.Directives]) consents[S] {
	deps, name := s.Deps, s.config.Rules.Service
	book := &consent.Book{Store: deps.Store, Secrets: deps.Secrets, Engine: directives}
	withdrawals := &consent.Withdrawals[S]{Book: book, Engine: s.Engine, Store: deps.Store, Secrets: deps.Secrets, Directory: deps.Directory}
	names := &consent.Names{Secrets: deps.Secrets, Scopes: s.Matters.Scopes, Clock: deps.Clock, Persons: deps.Persons}
	vouching := &consent.Vouching[S]{
		Service: name, Book: book, Matters: s.Matters, Clients: names, Clock: deps.Clock, AccessLog: s.AccessLog, Logger: deps.Logger,
	}
	return consents[S]{
		withdrawals: withdrawals, vouching: vouching,
		guard: &consent.Guard[S]{Service: name, Book: book, Withdrawals: withdrawals, Directory: deps.Directory},
		matters: &consent.Consents[S]{
			Service: name, Book: book, Matters: s.Matters, Engine: s.Engine, Store: deps.Store, Withdrawals: withdrawals, Actions: s.actions,
			AccessLog: s.AccessLog,
		},
		recording: &consent.Recording[S]{
			Service: name, Book: book, Matters: s.Matters, Withdrawals: withdrawals, Vouching: vouching, Clients: names,
			Directory: deps.Directory, Grounds: deps.Grounds, AccessLog: s.AccessLog,
			Consequences: &consent.Consequences[S]{
				Book: book, Engine: s.Engine, Store: deps.Store, Directory: deps.Directory, Withdrawals: withdrawals, Actions: s.actions,
			},
		},
	}
}
