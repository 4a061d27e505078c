package load

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
	consultationv1 "koppi.internal/proto/gen/koppi/consultation/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

// step is one command of a matter.
type step struct {
	name string
	by   party
	// do gives the command under a request id, which is the same for each attempt, and returns the
	// messages that must follow from it.
	do func(ctx context.Context, to services, request string) ([]delivery, error)
}

// delivery is a message that each of the agencies must receive once.
type delivery struct {
	subject, event string
	agencies       []string
}

// deliveryTo returns a delivery to the agencies of the parties, each once.
func deliveryTo(subject, event string, to ...party) delivery {
	t := delivery{subject: subject, event: event}
	seen := map[string]bool{}
	for _, one := range to {
		if !seen[one.agency] {
			seen[one.agency], t.agencies = true, append(t.agencies, one.agency)
		}
	}
	return t
}

// services are the clients of all services over one connection.
type services struct {
	concern      concernv1.ConcernServiceClient
	referral     referralv1.ReferralServiceClient
	consultation consultationv1.ConsultationServiceClient
	plan         planv1.PlanServiceClient
}

func servicesAt(conn grpc.ClientConnInterface) services {
	return services{
		concernv1.NewConcernServiceClient(conn), referralv1.NewReferralServiceClient(conn),
		consultationv1.NewConsultationServiceClient(conn), planv1.NewPlanServiceClient(conn),
	}
}

// script is a matter's commands, one after another.
type script []step

// kind is a kind of matter, with its share in a thousand matters.
type kind struct {
	share int
	write func(t locality, client *commonv1.Client) script
}

// kinds are the kinds of matters in the country, including those that stay unanswered.
var kinds = []kind{
	{210, func(t locality, c *commonv1.Client) script { return closed(t.benefits, t.social, c) }},
	{120, func(t locality, c *commonv1.Client) script { return asked(t.benefits, t.social, c) }},
	{60, func(t locality, c *commonv1.Client) script { return forwarded(t.benefits, t.social, t.health, c) }},
	{60, func(t locality, c *commonv1.Client) script { return silent(t.benefits, t.social, c) }},
	{80, func(t locality, c *commonv1.Client) script { return closed(t.health, t.social, c) }},
	{20, func(t locality, c *commonv1.Client) script { return closed(t.municipal, t.social, c) }},
	{170, func(t locality, c *commonv1.Client) script { return referred(t.social, t.health, c) }},
	{80, func(t locality, c *commonv1.Client) script { return noticed(t.social, t.benefits, c) }},
	{120, func(t locality, _ *commonv1.Client) script { return consulted(t.social, t.health) }},
	{50, func(t locality, _ *commonv1.Client) script { return consulted(t.benefits, t.social) }},
	{30, func(t locality, c *commonv1.Client) script { return planned(t.social, t.health, c) }},
}

// generator generates new matters.
type generator struct {
	random *rand.Rand
	people *people
	places *places
}

// next returns a new matter of a random kind, in a random place, about the next client.
func (l *generator) next() script {
	at := l.random.IntN(1000)
	for _, k := range kinds {
		if at -= k.share; at < 0 {
			return k.write(l.places.locality(l.random), l.client())
		}
	}
	panic("the shares of the kinds do not add up to a thousand")
}

func (l *generator) client() *commonv1.Client {
	return &commonv1.Client{
		Identity: &commonv1.Client_PersonalIdentityCode{PersonalIdentityCode: l.people.code()}, Language: pick([]string{"fi", "fi", "fi", "sv"}, l.random),
	}
}

// meanSteps is the mean number of commands in a matter.
func meanSteps() float64 {
	sum := 0
	for _, k := range kinds {
		sum += k.share * len(k.write(locality{}, nil))
	}
	return float64(sum) / 1000
}

// consent is a legal basis: the client's consent, given an hour ago.
func consent(provision string) *commonv1.LegalBasis {
	return &commonv1.LegalBasis{
		Ground: commonv1.LegalGround_LEGAL_GROUND_CLIENT_CONSENT, Provision: provision, ConsentedAt: timestamppb.New(time.Now().Add(-time.Hour)),
	}
}
