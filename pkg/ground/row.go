package ground

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
)

var (
	keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	// provisionForm is the rule string.provision of the contract (common/v1/provision.proto). It applies to
	// a provision with ", " added.
	provisionForm = regexp.MustCompile(`^(([1-9][0-9]{0,3}/(18|19|20)[0-9]{2} § [1-9][0-9]{0,2}( ?[a-z])?(\.[1-9][0-9]?){0,2}` +
		`|([1-9][0-9]{0,3}/(19|20)[0-9]{2}|\(EU\) (19|20)[0-9]{2}/[1-9][0-9]{0,3}) art\. [1-9][0-9]{0,2}(\.[1-9][0-9]?)?(\.[a-z])?), ){1,4}$`)
	// placeholder is what is filled in when the client reads a text.
	placeholder = regexp.MustCompile(`\{\{(sender|receiver)\}\}`)
)

const (
	// oldest is the greatest maxAge: a greater one is a slip, since it limits nothing.
	oldest = 120
	// longest is the greatest number of working days of a due time, about a year.
	longest = 250
)

// check returns the row, or what is wrong with it, which begins with the column.
func (f fileRow) check() (Row, error) {
	if !keyForm.MatchString(f.Key) {
		return Row{}, errors.New("key: must consist of 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen")
	}
	row := Row{
		Key: f.Key, Provision: f.Provision, Attest: f.Attest, Duty: f.Duty, General: f.General, From: f.From, Until: f.Until,
		Source: f.Source, Doubts: f.Doubts, Names: f.Names, Client: f.Client,
	}
	var err error
	if row.Senders, err = kindsOf("senders", f.Senders); err != nil {
		return row, err
	}
	if len(row.Senders) == 0 {
		return row, errors.New("senders: none")
	}
	if row.Receivers, err = kindsOf("receivers", f.Receivers); err != nil {
		return row, err
	}
	if err := f.checkMessages(); err != nil {
		return row, err
	}
	row.Messages = f.Messages
	row.Ground = commonv1.LegalGround(commonv1.LegalGround_value[groundPrefix+f.Ground])
	row.Content = commonv1.ContentProfile(commonv1.ContentProfile_value[contentPrefix+f.Content])
	row.Prohibition = commonv1.ProhibitionEffect(commonv1.ProhibitionEffect_value[prohibitionPrefix+f.Prohibition])
	switch {
	case row.Ground == commonv1.LegalGround_LEGAL_GROUND_UNSPECIFIED:
		return row, fmt.Errorf("ground: unknown ground %q", f.Ground)
	case row.Content == 0:
		return row, fmt.Errorf("content: must be IDENTIFICATION, TOPICS, NECESSARY or WHOLE, not %q", f.Content)
	case row.Prohibition == 0:
		return row, fmt.Errorf("prohibition: must be STOPS or RECORDED, not %q", f.Prohibition)
	}
	if f.MaxAge != nil {
		if *f.MaxAge < 1 || *f.MaxAge > oldest {
			return row, fmt.Errorf("maxAge: must be from 1 to %d", oldest)
		}
		row.MaxAge = *f.MaxAge
	}
	if row.Due, err = f.Due.check(row); err != nil {
		return row, fmt.Errorf("due: %w", err)
	}
	if row.Reviewed, err = f.Reviewed.check(); err != nil {
		return row, fmt.Errorf("reviewed: %w", err)
	}
	return row, cmp.Or(
		column("provision", checkProvision(f.Provision)), column("attest", checkAttest(f.Attest)), f.checkDays(), row.checkGround(),
		column("source", checkText(f.Source)), column("doubts", checkOptional(f.Doubts)),
		column("names", checkTexts(f.Names)), column("client", checkTexts(f.Client)), column("client", checkPlaceholders(f.Client)),
	)
}

// column adds the column to what is wrong.
func column(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// kindsOf parses a list of agency kinds.
func kindsOf(name string, texts []string) ([]caseworkv1.AgencyKind, error) {
	var all []caseworkv1.AgencyKind
	for i, text := range texts {
		kind := KindOf(text)
		switch {
		case kind == caseworkv1.AgencyKind_AGENCY_KIND_UNSPECIFIED:
			return nil, fmt.Errorf("%s[%d]: unknown kind %q", name, i, text)
		case slices.Contains(all, kind):
			return nil, fmt.Errorf("%s[%d]: %s is listed twice", name, i, text)
		}
		all = append(all, kind)
	}
	return all, nil
}

// checkMessages refuses unknown messages. A plan has no receiver, and all other messages have one.
func (f fileRow) checkMessages() error {
	if len(f.Messages) == 0 {
		return errors.New("messages: none")
	}
	known, received := Messages(), false
	for i, message := range f.Messages {
		switch {
		case !slices.Contains(known, message):
			return fmt.Errorf("messages[%d]: unknown message %q", i, message)
		case slices.Contains(f.Messages[:i], message):
			return fmt.Errorf("messages[%d]: %s is listed twice", i, message)
		}
		received = received || message != Plan
	}
	switch {
	case received && len(f.Receivers) == 0:
		return errors.New("receivers: none, and only a plan has no receiver")
	case !received && len(f.Receivers) > 0:
		return errors.New("receivers: a plan has no receiver")
	}
	return nil
}

// checkGround refuses what a ground cannot be used for.
func (r Row) checkGround() error {
	sends := func(message string) bool { return slices.Contains(r.Messages, message) }
	switch {
	case r.General && !r.onConsent():
		return errors.New("general: only a ground on consent can be general")
	case r.onConsent() && r.Prohibition == Recorded:
		// Consent and prohibition are the client's both, so the later one is not passed over.
		return errors.New("prohibition: a prohibition always stops what goes on consent")
	case r.onConsent() && sends(moved):
		return fmt.Errorf("messages: %s never goes on consent", moved)
	case r.Ground == commonv1.LegalGround_LEGAL_GROUND_STATUTORY_ACCESS && sends(Concern):
		return errors.New("messages: a concern goes on consent or by notification: no rule says what its reporter hears otherwise")
	case r.Ground != commonv1.LegalGround_LEGAL_GROUND_NO_PERSONAL_DATA:
		return nil
	case r.MaxAge > 0:
		return errors.New("maxAge: there is no client whose age could be known")
	}
	for i, message := range r.Messages {
		if message != Consultation && message != ConsultationInvitation {
			return fmt.Errorf("messages[%d]: only a consultation has no client", i)
		}
	}
	return nil
}

func (f fileRow) checkDays() error {
	if err := checkDay(f.From); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	if f.Until == "" {
		return nil
	}
	if err := checkDay(f.Until); err != nil {
		return fmt.Errorf("until: %w", err)
	}
	if f.Until <= f.From {
		return errors.New("until: must be after from")
	}
	return nil
}

func checkDay(text string) error {
	if text == "" {
		return errors.New("is missing")
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("%q is not a day, such as 2026-11-30", text)
	}
	return nil
}

func checkProvision(text string) error {
	switch {
	case text == "":
		return errors.New("is missing")
	case !provisionForm.MatchString(text + ", "):
		return fmt.Errorf("%q is not a provision, such as 1301/2014 § 35.1, 1412/1997 § 18 b.3 or 679/2016 art. 9.2.h", text)
	}
	return nil
}

// checkAttest refuses empty groups, unknown fields and a field that is asked for twice.
func checkAttest(groups [][]string) error {
	var seen []string
	for i, group := range groups {
		if len(group) == 0 {
			return fmt.Errorf("group %d is empty", i)
		}
		for _, name := range group {
			switch {
			case AttestationField(name) == "":
				return fmt.Errorf("unknown attestation %q", name)
			case slices.Contains(seen, name):
				return fmt.Errorf("%s is listed twice", name)
			}
			seen = append(seen, name)
		}
	}
	return nil
}

func (f *fileDue) check(row Row) (*Due, error) {
	if f == nil {
		return nil, nil
	}
	receivers, err := kindsOf("receivers", f.Receivers)
	if err != nil {
		return nil, err
	}
	due := &Due{
		Receivers: receivers, WorkingDays: f.WorkingDays, UrgentWorkingDays: f.UrgentWorkingDays, CountsFrom: countings[f.CountsFrom],
		Provision: f.Provision, UrgentProvision: f.UrgentProvision,
	}
	switch {
	case !slices.Equal(row.Messages, []string{moved}):
		return nil, fmt.Errorf("only %s has a due time by its ground", moved)
	case len(receivers) == 0:
		return nil, errors.New("receivers: none")
	case slices.ContainsFunc(receivers, func(kind caseworkv1.AgencyKind) bool { return !slices.Contains(row.Receivers, kind) }):
		return nil, errors.New("receivers: must be among the receivers of the row")
	case due.WorkingDays < 1 || due.WorkingDays > longest:
		return nil, fmt.Errorf("workingDays: must be from 1 to %d", longest)
	case due.UrgentWorkingDays < 1 || due.UrgentWorkingDays > due.WorkingDays:
		return nil, errors.New("urgentWorkingDays: must be from 1 to workingDays")
	case due.CountsFrom == 0:
		return nil, fmt.Errorf("countsFrom: must be SENDING or ARRIVAL, not %q", f.CountsFrom)
	}
	return due, cmp.Or(column("provision", checkProvision(f.Provision)), column("urgentProvision", checkProvision(f.UrgentProvision)))
}

func (f *fileReview) check() (*Review, error) {
	if f == nil {
		return nil, nil
	}
	if err := checkText(f.By); err != nil {
		return nil, fmt.Errorf("by: %w", err)
	}
	if err := checkDay(f.On); err != nil {
		return nil, fmt.Errorf("on: %w", err)
	}
	return &Review{By: f.By, On: f.On}, nil
}

// languages are those of the pages.
var languages = []string{"fi", "sv", "en"}

// checkTexts requires a text in each language of the pages, and in no other.
func checkTexts(texts map[string]string) error {
	for _, language := range languages {
		if err := checkText(texts[language]); err != nil {
			return fmt.Errorf("the text in %q %w", language, err)
		}
	}
	for language := range texts {
		if !slices.Contains(languages, language) {
			return fmt.Errorf("unknown language %q", language)
		}
	}
	return nil
}

func checkText(text string) error {
	if text == "" {
		return errors.New("is missing")
	}
	return checkOptional(text)
}

// checkOptional requires a text of one line; an empty one is allowed.
func checkOptional(text string) error {
	if text != strings.TrimSpace(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("must be one line, without blanks around it")
	}
	return nil
}

// checkPlaceholders refuses a client's text with a placeholder that nothing fills in.
func checkPlaceholders(texts map[string]string) error {
	for _, language := range languages {
		if rest := placeholder.ReplaceAllString(texts[language], ""); strings.ContainsAny(rest, "{}") {
			return fmt.Errorf("the text in %q has a placeholder other than {{sender}} and {{receiver}}", language)
		}
	}
	return nil
}
