package concern_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"koppi.internal/pkg/fault"
	"koppi.internal/pkg/journal"
	"koppi.internal/pkg/service"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

// third is a worker of the agency to which concerns are forwarded.
func third(t *testing.T) context.Context { return as(t, "third", "c", "tt-01", "social_worker") }

// numberAt returns the number of a concern as a caller reads it.
func numberAt(ctx context.Context, t *testing.T, service *tested, id string) string {
	t.Helper()
	read, err := service.GetConcern(ctx, &concernv1.GetConcernRequest{ConcernId: id})
	if err != nil {
		t.Fatal(err)
	}
	return read.GetConcern().GetMatterNumber()
}

// found returns the ids and the numbers of the concerns in a list.
func found(ctx context.Context, t *testing.T, service *tested, r *concernv1.ListConcernsRequest) (ids, numbers []string) {
	t.Helper()
	list, err := service.ListConcerns(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, concern := range list.GetConcerns() {
		ids, numbers = append(ids, concern.GetConcernId()), append(numbers, concern.GetMatterNumber())
	}
	return ids, numbers
}

// searchedFor returns the ids of the received concerns of a number.
func searchedFor(ctx context.Context, t *testing.T, service *tested, number string) []string {
	t.Helper()
	ids, _ := found(ctx, t, service, &concernv1.ListConcernsRequest{MatterNumber: number})
	return ids
}

// A matter has one number for all who know it: in its view, in lists, in the worklist over all
// services and in the message that began it. It is found by the number in one's own lists.
func TestMatterNumber(t *testing.T) {
	d := startDirectives(t)
	first := submitted(t, d.tested, report())
	other := report()
	other.Client.Identity = nil
	submitted(t, d.tested, other)
	id, number := first.GetConcernId(), first.GetMatterNumber()
	for who, ctx := range map[string]context.Context{"reporter": kela(t), "receiver": hva(t), "client": d.client()} {
		if got := numberAt(ctx, t, d.tested, id); got != number || len(got) != 9 {
			t.Errorf("%s: %q, want %q", who, got, number)
		}
		for _, written := range []string{number, strings.ToLower(number), strings.ReplaceAll(number, "-", "")} {
			r := &concernv1.ListConcernsRequest{MatterNumber: written, Sent: who == "reporter"}
			if ids, numbers := found(ctx, t, d.tested, r); !slices.Equal(ids, []string{id}) || numbers[0] != number {
				t.Errorf("%s finds by %s %v %v", who, written, ids, numbers)
			}
		}
		_, err := d.ListConcerns(ctx, &concernv1.ListConcernsRequest{MatterNumber: "7F3Q-92KU"})
		if fault.ReasonOf(err) != fault.InvalidField {
			t.Errorf("%s searches for what is no number: %v", who, err)
		}
	}
	if events := must(d.store.Load(t.Context(), "concerns/"+id)); len(events[0]) != 1 || recorded(t, events[0][0]).GetMatterNumber() != number {
		t.Errorf("the first event is %v", events)
	}

	work := func(queue *caseworkv1.ListWorkRequest) (all []string) {
		queue.Queue = caseworkv1.Queue_QUEUE_AGENCY
		read, err := d.casework.ReadWork(hva(t), &caseworkv1.ReadWorkRequest{Work: queue, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range read.GetItems() {
			all = append(all, item.GetSubject()+" "+item.GetMatterNumber())
		}
		return all
	}
	if all := work(&caseworkv1.ListWorkRequest{}); len(all) != 2 || !slices.Contains(all, "concerns/"+id+" "+number) {
		t.Errorf("%v", all)
	}
	if all := work(&caseworkv1.ListWorkRequest{MatterNumber: strings.ToLower(number)}); !slices.Equal(all, []string{"concerns/" + id + " " + number}) {
		t.Errorf("%v", all)
	}
	if all := work(&caseworkv1.ListWorkRequest{MatterNumber: "0000-0000"}); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

func recorded(t *testing.T, event journal.Event) *concernv1.ConcernSubmitted {
	t.Helper()
	first := &concernv1.ConcernSubmitted{}
	if err := proto.Unmarshal(event.Payload, first); err != nil {
		t.Fatal(err)
	}
	return first
}

// The answer to a search for the number of another's matter is the answer to one for a number that no
// matter has, and nothing is recorded of either. Another list of one's own does not show the matter
// either.
func TestNumbersOfOthersAreNotFound(t *testing.T) {
	service, store := start(t)
	number := submitted(t, service, report()).GetMatterNumber()
	before := len(texts(t, store.RawAccesses(t.Context())))
	for _, searched := range []string{number, "0000-0000"} {
		for _, sent := range []bool{true, false} {
			list, err := service.ListConcerns(third(t), &concernv1.ListConcernsRequest{MatterNumber: searched, Sent: sent})
			if err != nil || proto.Size(list) != 0 {
				t.Errorf("%v %v", list, err)
			}
		}
	}
	if now := len(texts(t, store.RawAccesses(t.Context()))); now != before {
		t.Errorf("%d accesses, were %d", now, before)
	}
	if ids := searchedFor(kela(t), t, service, number); len(ids) != 0 {
		t.Errorf("the reporter received %v", ids)
	}
}

// A matter that is begun with a number that another has gets a new one. The step is decided again.
func TestTakenNumberIsDrawnAgain(t *testing.T) {
	same, other := bytes.Repeat([]byte{7}, 5), bytes.Repeat([]byte{9}, 5)
	random := bytes.NewReader(slices.Concat(same, same, same, other))
	service, store := start(t, func(deps *service.Deps) { deps.Random = random })
	one, two := report(), report()
	two.Client.Identity = nil
	first, second := submitted(t, service, one).GetMatterNumber(), submitted(t, service, two).GetMatterNumber()
	if first != "0W3G-E1R7" || second != "144G-J289" || random.Len() != 0 {
		t.Errorf("%s %s, %d bytes left", first, second, random.Len())
	}
	held := 0
	for _, key := range texts(t, store.RawUniqueKeys(t.Context())) {
		if strings.Contains(key, "Key:number/") {
			held++
		}
	}
	if held != 2 {
		t.Errorf("%d numbers are held", held)
	}
	if _, err := service.SubmitConcern(kela(t), report()); err == nil {
		t.Error("a matter begins without a random source")
	}
}

// A forwarded report begins another matter with a number of its own. What joined another matter, and
// what was entered in error, is in no worklist, but its parties find it by its number; one that is no
// longer a party does not.
func TestNumbersOfMattersInNoWorklist(t *testing.T) {
	service, store := start(t)
	lead, joined := submitted(t, service, report()), submitted(t, service, report())
	if joined.GetJoinedConcernId() != lead.GetConcernId() {
		t.Fatal(joined)
	}
	if ids, _ := found(hva(t), t, service, &concernv1.ListConcernsRequest{}); !slices.Equal(ids, []string{lead.GetConcernId()}) {
		t.Errorf("%v", ids)
	}
	for _, one := range []*concernv1.Concern{lead, joined} {
		if ids := searchedFor(hva(t), t, service, one.GetMatterNumber()); !slices.Equal(ids, []string{one.GetConcernId()}) {
			t.Errorf("%v", ids)
		}
	}
	if _, err := service.ReceiveConcern(hva(t), &concernv1.ReceiveConcernRequest{RequestId: uuid.NewString(), ConcernId: lead.GetConcernId()}); err != nil {
		t.Fatal(err)
	}
	forwarded, err := service.ForwardConcern(hva(t), &concernv1.ForwardConcernRequest{
		RequestId: uuid.NewString(), ConcernId: lead.GetConcernId(), Receiver: &commonv1.Party{Agency: "third"}, Basis: report().GetBasis(), Topics: report().GetTopics(), KeepOpen: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	onward := forwarded.GetConcern().GetForwardedToConcernIds()[0]
	number := numberAt(third(t), t, service, onward)
	if number == lead.GetMatterNumber() || number == joined.GetMatterNumber() || numberAt(hva(t), t, service, onward) != number {
		t.Errorf("the forwarded report has %s", number)
	}
	revoke := func(ctx context.Context, id string) {
		t.Helper()
		if _, err := service.RevokeConcern(ctx, &concernv1.RevokeConcernRequest{RequestId: uuid.NewString(), ConcernId: id, Reason: "väärä henkilö"}); err != nil {
			t.Fatal(err)
		}
	}
	revoke(hva(t), onward)
	for _, ctx := range []context.Context{hva(t), third(t)} {
		if got := numberAt(ctx, t, service, onward); got != number {
			t.Errorf("entered in error, it has %s", got)
		}
	}
	if ids := searchedFor(third(t), t, service, number); !slices.Equal(ids, []string{onward}) {
		t.Errorf("entered in error, it is found as %v", ids)
	}
	if err := store.Expire(t.Context(), journal.Expiry{Subject: "concerns/" + onward}); err != nil {
		t.Fatal(err)
	}
	if ids := searchedFor(third(t), t, service, number); len(ids) != 0 {
		t.Errorf("destroyed, it is found as %v", ids)
	}
}

// numberless is a store to which the previous version writes: it knows no numbers.
type numberless struct {
	beforeDerived
	off bool
}

func (n *numberless) Append(ctx context.Context, batch journal.Batch) (journal.Appended, error) {
	if n.off {
		return n.Store.Append(ctx, batch)
	}
	for i, event := range batch.Events {
		if event.Type != "koppi.concern.v1.ConcernSubmitted" {
			continue
		}
		first := &concernv1.ConcernSubmitted{}
		if err := proto.Unmarshal(event.Payload, first); err != nil {
			return journal.Appended{}, err
		}
		first.MatterNumber = ""
		batch.Events[i].Payload = must(proto.MarshalOptions{Deterministic: true}.Marshal(first))
	}
	batch.UniqueKeys = slices.DeleteFunc(batch.UniqueKeys, func(key journal.UniqueKeyChange) bool { return strings.HasPrefix(key.Key, "number/") })
	for i := range batch.WorklistEntries {
		batch.WorklistEntries[i].Number = ""
	}
	return n.Store.Append(ctx, batch)
}

// A matter that began before matters had numbers has one that is computed from its name, equal for
// all; the due-time job writes it into the rows, also of a matter that has ended. A number that a
// process of the previous version removed from a row comes back as it was recorded. What cannot be
// read delays no other.
func TestNumbersOfEarlierMatters(t *testing.T) {
	before := &numberless{}
	d := startDerived(t, func(deps *service.Deps) { before.Store, deps.Store = deps.Store, before })
	var ids []string
	for range 120 {
		r := report()
		r.Client.Identity = nil
		ids = append(ids, submitted(t, d.tested, r).GetConcernId())
	}
	if _, err := d.WithdrawConcern(kela(t), &concernv1.WithdrawConcernRequest{RequestId: uuid.NewString(), ConcernId: ids[119], Reason: "turha"}); err != nil {
		t.Fatal(err)
	}
	before.off = true
	late := submitted(t, d.tested, report())
	rewrite(t, d.store, `UPDATE standings SET number = '' WHERE subject = 'concerns/`+late.GetConcernId()+`'`)
	ids = append(ids, late.GetConcernId())
	numbers := map[string]string{}
	for _, id := range ids {
		number := numberAt(hva(t), t, d.tested, id)
		if numbers[number] != "" || len(number) != 9 || numberAt(kela(t), t, d.tested, id) != number {
			t.Fatalf("%s has %s", id, number)
		}
		numbers[number] = id
	}
	if numbers[late.GetMatterNumber()] != late.GetConcernId() {
		t.Errorf("%v is not the number of the last", late.GetMatterNumber())
	}
	search := func(without string) {
		t.Helper()
		for number, id := range numbers {
			if got := searchedFor(hva(t), t, d.tested, number); len(got) != 1 != (id == without) || len(got) == 1 && got[0] != id {
				t.Errorf("%s finds %v, want %s", number, got, id)
			}
		}
	}
	unreadable := slices.Sorted(slices.Values(ids))[0]
	before.unreadable = "concerns/" + unreadable
	history := historyOf(t, d.store)
	if err := d.check(0); err != nil {
		t.Fatal(err)
	}
	before.unreadable = ""
	if got := historyOf(t, d.store); !slices.Equal(got, history) {
		t.Error("numbering changed the history")
	}
	search(unreadable)
	if err := d.check(0); err != nil {
		t.Fatal(err)
	}
	search("")
	if d.messages.times("completed=120") != 1 || d.messages.times("completed=1\n") != 1 {
		t.Errorf("logged: %s", d.messages.text.String())
	}
	// A step keeps the number.
	if _, err := d.TakeConcern(hva(t), &concernv1.TakeConcernRequest{RequestId: uuid.NewString(), ConcernId: ids[0]}); err != nil {
		t.Fatal(err)
	}
	search("")
}
