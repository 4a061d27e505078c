package grounds

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/ground"
	"koppi.internal/pkg/ground/basis"
	"koppi.internal/pkg/identity"
	"koppi.internal/pkg/matter"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// rowOf is a row as the file has it.
type rowOf = map[string]any

// mutation is a cell of a row with another value. Parts of a cell are cells of their own: each sender,
// receiver and message, and each group of attestations and each of its fields.
type mutation struct {
	cell   string
	change func(rowOf)
}

// Days to which mutations move a row's dates: before most rows begin, and the day after that of the page.
const earlyDay, lastDay = "2020-02-02", "2026-12-02"

// mutations returns other values of every cell of a row that changes what the row allows or records.
func mutations(row rowOf) []mutation {
	set := func(column string, values ...any) (all []mutation) {
		for _, value := range values {
			all = append(all, mutation{column, func(row rowOf) { row[column] = value }})
		}
		return all
	}
	all := slices.Concat(
		set("key", "another"), set("ground", "CLIENT_CONSENT", "STATUTORY_NOTIFICATION", "STATUTORY_ACCESS", "NO_PERSONAL_DATA"),
		set("provision", "434/2003 § 1"), set("content", "IDENTIFICATION", "TOPICS", "NECESSARY", "WHOLE"), set("prohibition", "STOPS", "RECORDED"),
		set("maxAge", 5.0, nil), set("duty", true, false), set("general", true, false), set("from", earlyDay, lastDay), set("until", lastDay),
		parts("senders", row, "YOUTH_WORK", "BENEFITS"), parts("receivers", row, "YOUTH_WORK", "BENEFITS"), parts("messages", row, "consultation", "plan"),
		attestations(row),
	)
	due, limited := row["due"].(rowOf)
	if !limited {
		return all
	}
	part := func(column string, value any) mutation {
		return mutation{"due." + column, func(row rowOf) { row["due"].(rowOf)[column] = value }}
	}
	counted := "SENDING"
	if due["countsFrom"] == counted {
		counted = "ARRIVAL"
	}
	all = append(all, set("due", nil)...)
	// The fields come in the order of the file, since a mutation is found again by its number.
	return append(all, part("receivers", []any{"BENEFITS"}), part("workingDays", 9.0), part("urgentWorkingDays", 2.0), part("countsFrom", counted),
		part("provision", "434/2003 § 1"), part("urgentProvision", "434/2003 § 1"))
}

// parts leaves out each entry of a list, or replaces it if the list would be empty, and adds others.
func parts(column string, row rowOf, others ...any) (all []mutation) {
	list, _ := row[column].([]any)
	for i, entry := range list {
		all = append(all, mutation{fmt.Sprint(column, " ", entry), func(row rowOf) {
			left := slices.Delete(slices.Clone(row[column].([]any)), i, i+1)
			if len(left) == 0 {
				left = []any{others[0]}
			}
			row[column] = left
		}})
	}
	for _, other := range others {
		if !slices.Contains(list, other) {
			all = append(all, mutation{fmt.Sprint(column, " with ", other), func(row rowOf) { row[column] = append(slices.Clone(list), other) }})
		}
	}
	return all
}

// attestations leaves out each group and each field of a group, and asks for another group.
func attestations(row rowOf) []mutation {
	groups, _ := row["attest"].([]any)
	all := []mutation{{"attest with another", func(row rowOf) { row["attest"] = append(slices.Clone(groups), []any{"evidentNeedOfCare"}) }}}
	for i, group := range groups {
		all = append(all, mutation{fmt.Sprint("attest ", group), func(row rowOf) { row["attest"] = slices.Delete(slices.Clone(groups), i, i+1) }})
		for j, field := range group.([]any) {
			all = append(all, mutation{fmt.Sprint("attest ", field), func(row rowOf) {
				row["attest"].([]any)[i] = slices.Delete(slices.Clone(group.([]any)), j, j+1)
			}})
		}
	}
	return all
}

// observer sees what services make of a table: what they offer and record for all kinds of units, messages
// and days. It never reads a cell itself.
type observer struct {
	directory *directory.Directory
	kinds     []string
}

func newObserver(t *testing.T) observer {
	t.Helper()
	var agencies []map[string]any
	o := observer{kinds: []string{"SOCIAL_SERVICES", "BENEFITS", "HEALTH_CARE", "EMPLOYMENT", "YOUTH_WORK"}}
	names := map[string]string{"fi": "a", "sv": "a", "en": "a"}
	for _, kind := range o.kinds {
		agencies = append(agencies, map[string]any{
			"agency": agencyOf(kind), "kind": kind, "names": names, "noConsentProfile": "NECESSARY",
			"units": []any{map[string]any{"unit": "u", "names": names, "languages": []string{"fi"}}},
		})
	}
	text, err := json.Marshal(map[string]any{"agencies": agencies})
	if err != nil {
		t.Fatal(err)
	}
	if o.directory, err = directory.Parse(text); err != nil {
		t.Fatal(err)
	}
	return o
}

func agencyOf(kind string) string { return strings.ToLower(strings.ReplaceAll(kind, "_", "-")) }

// fixedClock is the time of a sending.
type fixedClock struct{ at time.Time }

func (c fixedClock) Now() time.Time { return c.at }

// sees returns which grounds services offer to one sender towards one receiver on a day. Of the ground with a
// key it adds whether it is a duty, and what they record of a message on it, or why they refuse it: for clients
// of several ages, and with one attestation more or less than is asked for.
func (o observer) sees(t *testing.T, table *ground.Table, key, sender, receiver, message string, at time.Time) string {
	t.Helper()
	bases := &basis.Bases{Grounds: ground.Hold(table), Directory: o.directory, Clock: fixedClock{at}}
	sending := basis.Sending{Message: message}
	if message != ground.Plan {
		sending.Receiver = &commonv1.Party{Agency: agencyOf(receiver), Unit: "u"}
	}
	who := identity.Caller{Agency: agencyOf(sender), Unit: "u", Worker: "w", Role: identity.RoleSocialWorker}
	offered, err := bases.ReadGrounds(identity.WithCaller(t.Context(), who), &caseworkv1.ReadGroundsRequest{Receiver: sending.Receiver, Message: message})
	if err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	actor := matter.Actor{Agency: who.Agency, Unit: who.Unit, Worker: who.Worker, Role: string(who.Role)}
	for _, one := range offered.GetGrounds() {
		fmt.Fprintln(&seen, one.GetKey())
		if one.GetKey() != key {
			continue
		}
		// All else that is offered is also enforced or recorded, which is what counts.
		fmt.Fprintln(&seen, one.GetDuty())
		send := func(years int, attested *commonv1.Attestation) {
			given := &commonv1.LegalBasis{GroundKey: key, Attestation: attested}
			if one.GetGround() == commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT {
				given.ConsentedAt = timestamppb.New(at)
			}
			born := func() (time.Time, error) { return at.AddDate(-years, 0, -1), nil }
			recorded, limit, err := bases.OfRequest(&referralv1.SendReferralRequest{Basis: given}, actor, sending, at, born)
			fmt.Fprintln(&seen, recorded, limit, fault.ReasonOf(err))
		}
		for _, years := range []int{3, 10, 25, 90} {
			send(years, attestation(one, ""))
		}
		for _, name := range ground.Attestations() {
			send(3, attestation(one, ground.AttestationField(name)))
		}
	}
	return seen.String()
}

// attestation returns what a ground asks for, with one field more or less.
func attestation(offered *caseworkv1.Ground, changed string) *commonv1.Attestation {
	given := &commonv1.Attestation{}
	fields := []string{changed}
	for _, group := range offered.GetAttest() {
		fields = append(fields, group.GetAnyOf()[0].GetField())
	}
	message := given.ProtoReflect()
	for _, name := range fields {
		if field := message.Descriptor().Fields().ByTextName(name); field != nil {
			message.Set(field, protoreflect.ValueOfBool(!message.Get(field).Bool()))
		}
	}
	return given
}

// changes reports whether services offer or record anything else by one table than by another.
func (o observer) changes(t *testing.T, before, after *ground.Table, row rowOf) bool {
	t.Helper()
	key, days := row["key"].(string), []time.Time{asOf}
	for _, day := range []string{lastDay, row["from"].(string), earlyDay} {
		at, err := time.ParseInLocation(time.DateOnly, day, matter.Helsinki())
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, at.Add(12*time.Hour))
	}
	// The row's own cells come first: there a difference is likely.
	for _, own := range []bool{true, false} {
		for _, at := range days {
			for _, message := range ground.Messages() {
				for _, sender := range o.kinds {
					for _, receiver := range o.kinds {
						if own == named(row, sender, receiver, message) && o.sees(t, before, key, sender, receiver, message, at) != o.sees(t, after, key, sender, receiver, message, at) {
							return true
						}
					}
				}
			}
		}
	}
	return false
}

// named reports whether a row names sender, receiver and message.
func named(row rowOf, sender, receiver, message string) bool {
	has := func(column, entry string) bool {
		list, _ := row[column].([]any)
		return slices.Contains(list, any(entry))
	}
	return has("senders", sender) && has("messages", message) && (message == ground.Plan || has("receivers", receiver))
}

// No cell of the table is dead: another value in any cell that allows, limits or records something is refused
// when the file is read, or changes what services offer or record, and the page that the lawyer reads.
func TestEachCellChangesWhatServicesDo(t *testing.T) {
	o, before := newObserver(t), parsed(t, ground.BuiltIn)
	whole, changed := page(before, asOf), make([]map[string]int, len(before.Rows()))
	t.Run("rows", func(t *testing.T) {
		for i, row := range before.Rows() {
			t.Run(row.Key, func(t *testing.T) {
				t.Parallel()
				changed[i] = o.mutate(t, before, whole, i)
			})
		}
	})
	tried := map[string]int{}
	for _, columns := range changed {
		for column, times := range columns {
			tried[column] += times
		}
	}
	for _, column := range []string{
		"key", "ground", "provision", "senders", "receivers", "messages", "attest", "maxAge", "content", "prohibition", "duty", "general", "from", "until", "due",
		"due.receivers", "due.workingDays", "due.urgentWorkingDays", "due.countsFrom", "due.provision", "due.urgentProvision",
	} {
		if tried[column] == 0 {
			t.Errorf("no other value of %s was tried", column)
		}
	}
}

// mutate tries each other value of each cell of a row, and returns how many it tried in each column.
func (o observer) mutate(t *testing.T, before *ground.Table, whole string, i int) map[string]int {
	t.Helper()
	f, tried := readFile(t), map[string]int{}
	original := f.row(t, i)
	for j, one := range mutations(original) {
		row := f.row(t, i)
		mutations(row)[j].change(row)
		now, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if isSame(f.rows[i], now) {
			continue
		}
		after, err := ground.Parse(f.with(t, i, now))
		if err != nil {
			continue // this row cannot have this value
		}
		column, _, _ := strings.Cut(one.cell, " ")
		tried[column]++
		if !o.changes(t, before, after, original) {
			t.Errorf("services do not change with %s", one.cell)
		}
		if page(after, asOf) == whole {
			t.Errorf("the page does not change with %s", one.cell)
		}
	}
	return tried
}

// file is the file of the table with its rows as texts: only the row that a mutation changes is read.
type file struct {
	head map[string]any
	rows []json.RawMessage
}

func readFile(t *testing.T) file {
	t.Helper()
	var f file
	var read struct{ Grounds []json.RawMessage }
	if err := cmp.Or(json.Unmarshal(ground.BuiltIn, &f.head), json.Unmarshal(ground.BuiltIn, &read)); err != nil {
		t.Fatal(err)
	}
	f.rows = read.Grounds
	return f
}

// row returns a copy of a row.
func (f file) row(t *testing.T, i int) (row rowOf) {
	t.Helper()
	if err := json.Unmarshal(f.rows[i], &row); err != nil {
		t.Fatal(err)
	}
	return row
}

// with returns the file with another row in place of one.
func (f file) with(t *testing.T, i int, row []byte) []byte {
	t.Helper()
	all, rows := maps.Clone(f.head), slices.Clone(f.rows)
	rows[i] = row
	all["grounds"] = rows
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// isSame reports whether a row says the same before and after, where false and null say nothing.
func isSame(before, after []byte) bool {
	said := func(text []byte) string {
		var row rowOf
		_ = json.Unmarshal(text, &row)
		for column, value := range row {
			if value == nil || value == false {
				delete(row, column)
			}
		}
		text, _ = json.Marshal(row)
		return string(text)
	}
	return said(before) == said(after)
}
