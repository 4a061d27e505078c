package load

import (
	"context"

	commonv1 "koppi.internal/proto/gen/koppi/common/v1"
	concernv1 "koppi.internal/proto/gen/koppi/concern/v1"
)

const concerns = "concerns/"

// reported is a concern and the agencies that handle it.
type reported struct {
	reporter, receiver party
	id, asked, onward  string
}

// closed is a concern that is reported, taken and closed with an outcome.
func closed(from, to party, client *commonv1.Client) script {
	r := &reported{reporter: from, receiver: to}
	return script{r.submit(client, commonv1.Urgency_URGENCY_NORMAL), r.take(), r.close()}
}

// asked is a concern that is closed after the reporter has answered a question.
func asked(from, to party, client *commonv1.Client) script {
	r := &reported{reporter: from, receiver: to}
	return script{r.submit(client, commonv1.Urgency_URGENCY_URGENT), r.take(), r.ask(), r.answer(), r.close()}
}

// forwarded is a concern that the receiver forwards; its outcome comes back along the chain.
func forwarded(from, to, next party, client *commonv1.Client) script {
	r := &reported{reporter: from, receiver: to}
	return script{r.submit(client, commonv1.Urgency_URGENCY_URGENT), r.take(), r.forward(next), r.takeOnward(next), r.closeOnward(next)}
}

// silent is an emergency to which nobody responds.
func silent(from, to party, client *commonv1.Client) script {
	r := &reported{reporter: from, receiver: to}
	return script{r.submit(client, commonv1.Urgency_URGENCY_EMERGENCY)}
}

func (r *reported) both(event string) delivery {
	return deliveryTo(concerns+r.id, event, r.reporter, r.receiver)
}

func (r *reported) submit(client *commonv1.Client, urgency commonv1.Urgency) step {
	basis := consent("1301/2014 § 35.1")
	return step{"SubmitConcern", r.reporter, func(ctx context.Context, to services, request string) ([]delivery, error) {
		answer, err := to.concern.SubmitConcern(ctx, &concernv1.SubmitConcernRequest{
			RequestId: request, Client: client, Receiver: r.receiver.addressed(), Basis: basis, Urgency: urgency,
			Topics: []concernv1.Topic{concernv1.Topic_TOPIC_RENT_ARREARS}, Description: "Kaksi vuokraa maksamatta, eikä asiakas vastaa puhelimeen.",
		})
		r.id = answer.GetConcern().GetConcernId()
		return []delivery{r.both("ConcernSubmitted")}, err
	}}
}

func (r *reported) take() step {
	return step{"TakeConcern", r.receiver, func(ctx context.Context, to services, request string) ([]delivery, error) {
		_, err := to.concern.TakeConcern(ctx, &concernv1.TakeConcernRequest{RequestId: request, ConcernId: r.id})
		return []delivery{r.both("ConcernTaken")}, err
	}}
}

func (r *reported) ask() step {
	return step{"RequestInformation", r.receiver, func(ctx context.Context, to services, request string) ([]delivery, error) {
		answer, err := to.concern.RequestInformation(ctx, &concernv1.RequestInformationRequest{RequestId: request, ConcernId: r.id, Question: "Milloin häneen saatiin viimeksi yhteys?"})
		for _, one := range answer.GetConcern().GetInformationRequests() {
			r.asked = one.GetInformationRequestId()
		}
		return []delivery{r.both("InformationRequested")}, err
	}}
}

func (r *reported) answer() step {
	return step{"ProvideInformation", r.reporter, func(ctx context.Context, to services, request string) ([]delivery, error) {
		_, err := to.concern.ProvideInformation(ctx, &concernv1.ProvideInformationRequest{RequestId: request, ConcernId: r.id, InformationRequestId: r.asked, Answer: "Viime viikolla."})
		return []delivery{r.both("InformationProvided")}, err
	}}
}

func (r *reported) close() step {
	return step{"CloseConcern", r.receiver, func(ctx context.Context, to services, request string) ([]delivery, error) {
		_, err := to.concern.CloseConcern(ctx, &concernv1.CloseConcernRequest{
			RequestId: request, ConcernId: r.id, Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED, Feedback: "Asiakkaaseen saatiin yhteys, ja palvelu on aloitettu.",
		})
		return []delivery{r.both("ConcernClosed")}, err
	}}
}

func (r *reported) forward(next party) step {
	basis := consent("703/2023 § 53")
	return step{"ForwardConcern", r.receiver, func(ctx context.Context, to services, request string) ([]delivery, error) {
		answer, err := to.concern.ForwardConcern(ctx, &concernv1.ForwardConcernRequest{
			RequestId: request, ConcernId: r.id, Receiver: next.addressed(), Basis: basis,
			Topics: []concernv1.Topic{concernv1.Topic_TOPIC_MENTAL_HEALTH}, Description: "Ei jaksa hoitaa asioitaan, eikä hänellä ole hoitokontaktia.",
		})
		r.onward = answer.GetForwardedConcernId()
		return []delivery{r.both("ConcernForwarded"), deliveryTo(concerns+r.onward, "ConcernSubmitted", r.receiver, next)}, err
	}}
}

// takeOnward takes the forwarded concern, which closes the first one: its receiver has passed it
// on.
func (r *reported) takeOnward(next party) step {
	return step{"TakeConcern", next, func(ctx context.Context, to services, request string) ([]delivery, error) {
		_, err := to.concern.TakeConcern(ctx, &concernv1.TakeConcernRequest{RequestId: request, ConcernId: r.onward})
		return []delivery{deliveryTo(concerns+r.onward, "ConcernTaken", r.receiver, next), r.both("ConcernClosed")}, err
	}}
}

func (r *reported) closeOnward(next party) step {
	return step{"CloseConcern", next, func(ctx context.Context, to services, request string) ([]delivery, error) {
		_, err := to.concern.CloseConcern(ctx, &concernv1.CloseConcernRequest{RequestId: request, ConcernId: r.onward, Outcome: concernv1.Outcome_OUTCOME_SERVICE_STARTED})
		return []delivery{deliveryTo(concerns+r.onward, "ConcernClosed", r.receiver, next)}, err
	}}
}
