package service

import (
	"context"
	"errors"
	"iter"

	"koppi.internal/pkg/idcode"
	"koppi.internal/pkg/journal"
)

// keyPersons is the setting that marks the journal of a test environment.
const (
	keyPersons  = "persons"
	testPersons = "test"
)

// Marked is a journal that can be marked as one of a test environment.
type Marked interface {
	journal.Settings
	RawStreams(ctx context.Context) iter.Seq2[journal.RawStream, error]
}

// MarkPersons marks the journal of a test environment at its first start. It refuses a test environment over a
// journal without the mark that holds matters, which may be those of real persons, and any other installation
// over a journal with the mark.
func MarkPersons(ctx context.Context, store Marked, accepted idcode.Persons) error {
	_, marked, err := store.Setting(ctx, keyPersons)
	switch {
	case err != nil:
		return err
	case marked && accepted != idcode.TestPersons:
		return errors.New("this journal is of a test environment: start with --test-persons, or use another database")
	case marked || accepted != idcode.TestPersons:
		return nil
	}
	for _, err := range store.RawStreams(ctx) {
		if err != nil {
			return err
		}
		return errors.New("this journal may hold real persons: --test-persons needs a journal that had it from the beginning")
	}
	return store.SetSetting(ctx, keyPersons, testPersons)
}
