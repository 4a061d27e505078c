package pairs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"koppi.internal/deploy/allinone"
	"koppi.internal/deploy/suite"
	"koppi.internal/deploy/testkit"
)

// walked is which methods readers have called, and whether one was answered otherwise than
// that its request is out of form.
var walked = struct {
	sync.Mutex
	methods map[string]bool
}{methods: map[string]bool{}}

// knowledge is what the reader has been told: what it can ask about.
type knowledge struct {
	subjects, clients, cases, numbers []string
	// hidden are ids of matters of which it was told nothing, and strangers clients of whom its agency alone was told.
	hidden, strangers []string
}

func (p *pairing) knowledge() knowledge {
	var k knowledge
	if p.reader == byUnit {
		return p.knowledgeOfUnit()
	}
	add := func(list *[]string, value any) {
		if name, ok := value.(string); ok && name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, one := range p.log {
		for _, message := range one.disclosed {
			add(&k.subjects, message["subject"])
			add(&k.clients, message["clientId"])
			add(&k.cases, message["caseId"])
			event, _ := message["event"].(map[string]any)
			add(&k.numbers, event["matterNumber"])
		}
	}
	for _, one := range p.log {
		if subject := one.subject(); p.ofClient() {
			add(&k.subjects, subject)
		} else if !slices.Contains(k.subjects, subject) {
			add(&k.hidden, subject)
		}
	}
	return k
}

// battery asks what the reader can ask, of which a share is drawn by the seed, and lastly
// takes so many of the steps that it can take; all where that is negative.
func (p *pairing) battery(share float64, steps int, seed uint64) {
	p.t.Helper()
	chance := rand.New(rand.NewPCG(seed, 1))
	ask := func(all []doing) {
		for _, d := range all {
			if share < 1 && chance.Float64() > share {
				continue
			}
			d.GRPC = d.GRPC || chance.IntN(2) == 0
			p.asks(d)
		}
	}
	if p.reader == byUnit {
		p.readsOwn()
	}
	ask(p.readings())
	ask(p.streams())
	all := p.steps()
	if steps >= 0 {
		chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:min(len(all), steps)]
	}
	for _, d := range all {
		p.asks(d)
	}
	share /= 4
	ask(p.readings())
	// Last, since what one page holds of a moment is chance, and is recorded as read.
	ask(p.pages())
}

// asks lets the reader ask, and remembers that it has.
func (p *pairing) asks(d doing) {
	switch d.Who = p.reader + d.Who; {
	case p.ofClient():
		d.Who = p.reader
	case p.reader == byUnit && p.leavesOut(d):
		return
	case p.reader == byUnit:
		d.Who = byUnit + ".1"
	}
	got := p.do(d)
	refused := strings.Contains(got.String(), `"INVALID_FIELD"`)
	walked.Lock()
	walked.methods[d.Call] = walked.methods[d.Call] || !refused
	walked.Unlock()
}

// readings change nothing.
func (p *pairing) readings() []doing {
	k := p.knowledge()
	var all []doing
	add := func(who, call string, body map[string]any) {
		all = append(all, doing{Who: who, Call: call, Body: body})
	}
	for _, subject := range append(slices.Clone(k.subjects), k.hidden...) {
		collection, id, _ := strings.Cut(subject, "/")
		service := strings.TrimSuffix(collection, "s")
		all = append(all, reads(subject))
		add(".2", serviceCalls[service]+"GetClient", map[string]any{service + "Id": id})
		add(".system", "koppi.exchange.v1.ExchangeService/ListMessages", map[string]any{"subject": subject, "consumer": "reader"})
	}
	for _, client := range append(slices.Clone(k.clients), k.strangers...) {
		// Whole lists: what stands at one moment is in no order, in which a page could be cut.
		named := func() map[string]any { return map[string]any{"clientId": client, "purpose": "asian hoito"} }
		add(".1", caseworkSvc+"GetTimeline", map[string]any{"clientId": client, "purpose": "asian hoito", "pageSize": 1000})
		add(".2", caseworkSvc+"ListAccesses", map[string]any{"clientId": client, "pageSize": 1000})
		add(".system", caseworkSvc+"ListAccesses", map[string]any{"clientId": client, "pageSize": 1000, "from": pairsBegin.Format(time.RFC3339)})
		add(".1", consentSvc+"ListConsents", named())
		add(".1", consentSvc+"ListWishes", named())
		for service, call := range serviceCalls {
			add(".1", call+"List"+strings.ToUpper(service[:1])+service[1:]+"s", named())
		}
		add(".1", testkit.ConcernService+"CheckOpenConcern", map[string]any{"client": map[string]any{"clientId": client}, "receiver": map[string]any{"agency": p.agency("t")}, "basis": testkit.ConsentBasis()})
	}
	if !p.ofClient() {
		for person := range 2 {
			add(".1", caseworkSvc+"FindClient", map[string]any{"personalIdentityCode": testkit.PersonCode(2*p.set + person), "purpose": "asian hoito"})
		}
	}
	for _, id := range k.cases {
		add(".2", caseworkSvc+"GetTimeline", map[string]any{"caseId": id})
	}
	// A client has no mailbox that names numbers. Each of its searches that finds nothing would be one
	// more record in its access log, whose first page would be cut among records of one moment.
	if !p.ofClient() {
		k.numbers = append(k.numbers, "0000-0000")
	}
	for _, number := range k.numbers {
		add(".1", caseworkSvc+"ListWork", map[string]any{"queue": "QUEUE_AGENCY", "includeEnded": true, "matterNumber": number})
		for service, call := range serviceCalls {
			add(".1", call+"List"+strings.ToUpper(service[:1])+service[1:]+"s", map[string]any{"matterNumber": number})
		}
	}
	for _, client := range []string{"c", "d"} {
		add(".1", testkit.ConcernService+"CheckOpenConcern", map[string]any{"client": clientOfPair(p.set, client), "receiver": map[string]any{"agency": p.agency("t")}, "basis": testkit.ConsentBasis()})
	}
	// What a person asks of itself, and nobody else.
	for _, call := range []string{caseworkSvc + "GetTimeline", caseworkSvc + "ListAccesses", consentSvc + "ListConsents", consentSvc + "ListWishes"} {
		add(".1", call, map[string]any{})
	}
	return append(all, p.worklists()...)
}

// reads is the reading of a matter.
func reads(subject string) doing {
	collection, id, _ := strings.Cut(subject, "/")
	service := strings.TrimSuffix(collection, "s")
	return doing{Who: ".1", Call: serviceCalls[service] + "Get" + strings.ToUpper(service[:1]) + service[1:], Body: map[string]any{service + "Id": id}}
}

// worklists are all lists by all of their filters.
func (p *pairing) worklists() []doing {
	var all []doing
	add := func(who, call string, body map[string]any) {
		all = append(all, doing{Who: who, Call: call, Body: body})
	}
	for service, call := range serviceCalls {
		call += "List" + strings.ToUpper(service[:1]) + service[1:] + "s"
		for _, filter := range []map[string]any{{}, {"overdueOnly": true}, {"unit": "u1"}, {"worker": workerOf(p.reader, p.set, "1")}} {
			add(".1", call, filter)
			if service != "plan" {
				sent := copied(filter)
				sent["sent"] = true
				add(".2", call, sent)
			}
		}
	}
	for state := range 12 {
		add(".1", testkit.ConcernService+"ListConcerns", map[string]any{"sent": true, "states": []any{state + 1}})
	}
	for _, queue := range []string{"QUEUE_ME", "QUEUE_UNIT", "QUEUE_AGENCY"} {
		for _, filter := range []string{"", "sent", "overdueOnly", "ownTurnOnly", "includeEnded"} {
			body := map[string]any{"queue": queue}
			if filter != "" {
				body[filter] = true
			}
			add(".1", caseworkSvc+"ListWork", body)
		}
	}
	month := p.b.now.AddDate(0, -1, 0).Format("2006-01")
	add(".1", caseworkSvc+"GetStatistics", map[string]any{"fromMonth": month, "toMonth": month})
	add(".system", "koppi.exchange.v1.ExchangeService/ListMessages", map[string]any{"withRecords": true, "pageSize": 1000, "consumer": "reader"})
	for _, service := range suite.Names() {
		add(".system", "koppi.exchange.v1.ExchangeService/ListMessages", map[string]any{"service": service, "consumer": "reader"})
	}
	add(".system", "koppi.exchange.v1.ParkingService/ListParked", map[string]any{})
	return all
}

// pages are the first page of one of each list, and the next by its token: each two stay
// together.
func (p *pairing) pages() []doing {
	k := p.knowledge()
	var all []doing
	two := func(who, call string, body map[string]any, field, saved string) {
		if body["pageSize"] == nil {
			body["pageSize"] = 1
		}
		next := copied(body)
		next[field] = saved
		all = append(all, doing{Who: who, Call: call, Body: body}, doing{Who: who, Call: call, Body: next})
	}
	for _, client := range k.clients {
		if p.reader == byUnit {
			// What a worker alone did stands at one moment, and names no matter.
			break
		}
		two(".1", caseworkSvc+"ListAccesses", map[string]any{"clientId": client}, "pageToken", "$page")
		two(".1", caseworkSvc+"GetTimeline", map[string]any{"clientId": client, "purpose": "asian hoito"}, "pageToken", "$page")
	}
	// Matters that are due at one time, or have ended, are in the order of their ids, which is chance within
	// a second: a page holds all of them.
	matters := max(1, len(k.subjects)+len(k.hidden))
	two(".1", testkit.ConcernService+"ListConcerns", map[string]any{"sent": true, "pageSize": matters}, "pageToken", "$page")
	two(".1", caseworkSvc+"ListWork", map[string]any{"queue": "QUEUE_AGENCY", "includeEnded": true, "sent": true, "pageSize": matters}, "pageToken", "$page")
	two(".system", "koppi.exchange.v1.ExchangeService/ListMessages", map[string]any{"consumer": "pages"}, "cursor", "$cursorpages")
	return all
}

const (
	caseworkSvc = "koppi.casework.v1.CaseworkService/"
	consentSvc  = "koppi.consent.v1.ConsentService/"
)

// steps are all methods that gateways serve, each with a request of good form about each
// matter that the reader knows: what it may do, and how it is refused what it may not.
func (p *pairing) steps() []doing {
	k := p.knowledge()
	var all []doing
	for _, method := range gatewayMethods() {
		call := callOf(method)
		if method.IsStreamingClient() || method.IsStreamingServer() || strings.HasSuffix(call, "/ListMessages") {
			continue
		}
		for _, said := range p.saids(method.Input(), k) {
			who := ".1"
			if strings.HasPrefix(call, "koppi.exchange.") {
				who = ".system"
			}
			d := doing{Who: who, Call: call, Body: p.formed(method.Input(), said)}
			if call == testkit.SubmitCall {
				// Of two reports of one moment it is chance which leads.
				d.Wait = time.Microsecond
			}
			all = append(all, d)
		}
	}
	return all
}

// gatewayMethods are the methods of all that the gateway serves to callers, DevService apart: it is
// no production's, and gives out tokens of anybody.
func gatewayMethods() []protoreflect.MethodDescriptor {
	var methods []protoreflect.MethodDescriptor
	for _, service := range allinone.Served() {
		if service == "koppi.dev.v1.DevService" {
			continue
		}
		all := testkit.Must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))).(protoreflect.ServiceDescriptor).Methods()
		for i := range all.Len() {
			methods = append(methods, all.Get(i))
		}
	}
	return methods
}

func callOf(method protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("%s/%s", method.Parent().FullName(), method.Name())
}

// saids are what a request may say in the fields that name something.
func (p *pairing) saids(input protoreflect.MessageDescriptor, k knowledge) []map[string]any {
	fields := input.Fields()
	for _, service := range suite.Names() {
		field := fields.ByName(protoreflect.Name(service + "_id"))
		if field == nil || fields.ByName("support_need") != nil && service == "plan" {
			continue
		}
		all := []map[string]any{{service + "_id": uuid.NewString()}}
		for _, subject := range append(slices.Clone(k.subjects), k.hidden...) {
			if id, is := strings.CutPrefix(subject, service+"s/"); is {
				all = append(all, map[string]any{service + "_id": id}, map[string]any{service + "_id": id, "etag": "old"})
			}
		}
		return all
	}
	all := []map[string]any{{}}
	if fields.ByName("subject") != nil || fields.ByName("subjects") != nil {
		for _, subject := range append(slices.Clone(k.subjects), k.hidden...) {
			all = append(all, map[string]any{"subject": subject, "subjects": []any{subject}})
		}
	}
	if fields.ByName("client_id") != nil || fields.ByName("client") != nil {
		for _, client := range append(slices.Clone(k.clients), k.strangers...) {
			all = append(all, map[string]any{"client_id": client})
		}
	}
	return all
}
