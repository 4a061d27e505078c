package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path"
	"slices"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"koppi.internal/deploy/scenario"
	"koppi.internal/pkg/directory"
	"koppi.internal/pkg/identity"
	caseworkv1 "koppi.internal/proto/gen/koppi/casework/v1"
	exchangev1 "koppi.internal/proto/gen/koppi/exchange/v1"
	planv1 "koppi.internal/proto/gen/koppi/plan/v1"
	referralv1 "koppi.internal/proto/gen/koppi/referral/v1"
)

const (
	// worker is the robot's name at each agency.
	worker = "robotti"
	// A token lives for one round.
	tokenLife = 10 * time.Minute
	// reads is the consumer by which a robot reads again from the beginning when it starts, acknowledges the one by
	// which it acknowledges.
	reads, acknowledges = "robot-reads", "robot"
)

// passing are the codes of refusals that pass: the reply is given again.
var passing = []string{"unavailable", "deadline_exceeded", "canceled", "resource_exhausted", "aborted"}

// roles are the robots' roles, by the kind of their unit.
var roles = map[caseworkv1.AgencyKind]identity.Role{
	caseworkv1.AgencyKind_AGENCY_KIND_SOCIAL_SERVICES: identity.RoleSocialWorker, caseworkv1.AgencyKind_AGENCY_KIND_BENEFITS: identity.RoleBenefitHandler,
	caseworkv1.AgencyKind_AGENCY_KIND_HEALTH_CARE: identity.RoleHealthProfessional, caseworkv1.AgencyKind_AGENCY_KIND_YOUTH_WORK: identity.RoleYouthWorker,
	caseworkv1.AgencyKind_AGENCY_KIND_EMPLOYMENT: identity.RoleEmploymentOfficer,
}

// robot answers for one agency, by the public API and with tokens of its own. All that it knows is in the agency's
// mailbox, so that it goes on after a restart.
type robot struct {
	agency    string
	conn      grpc.ClientConnInterface
	issuer    *identity.Issuer
	directory *directory.Directory
	delay     time.Duration
	// now is the domain's time.
	now    func() time.Time
	logger *slog.Logger
	// told reports whether a matter is of a story, in which the robot has no part.
	told func(subject string) bool

	cursor  string
	matters map[string]*known
}

// round reads what is new, and gives the replies that are due.
func (r *robot) round(ctx context.Context) error {
	if err := r.read(ctx); err != nil {
		return err
	}
	for subject, m := range r.matters {
		for !r.told(subject) {
			answer, is := next(*m, r.now(), r.delay)
			if !is {
				break
			}
			if err := r.give(ctx, m, answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads and acknowledges the mailbox.
func (r *robot) read(ctx context.Context) error {
	ctx, err := r.as(ctx, identity.Caller{Agency: r.agency, Role: identity.RoleSystem})
	if err != nil {
		return err
	}
	exchange := exchangev1.NewExchangeServiceClient(r.conn)
	for {
		page, err := exchange.ListMessages(ctx, &exchangev1.ListMessagesRequest{Consumer: reads, Cursor: r.cursor})
		if err != nil || len(page.GetMessages()) == 0 {
			return err
		}
		for _, message := range page.GetMessages() {
			r.learn(message)
		}
		r.cursor = page.GetNextCursor()
		if _, err := exchange.AcknowledgeMessages(ctx, &exchangev1.AcknowledgeMessagesRequest{Consumer: acknowledges, Cursor: r.cursor}); err != nil {
			return err
		}
	}
}

// learn adds a message to what the robot knows.
func (r *robot) learn(message *exchangev1.CaseMessage) {
	m := r.matters[message.GetSubject()]
	if m == nil {
		m = &known{subject: message.GetSubject(), happened: map[string]bool{}}
		r.matters[message.GetSubject()] = m
	}
	event := scenario.EventName(message)
	m.happened[event] = true
	if unit := message.GetStatus().GetResponsible(); unit.GetAgency() == r.agency && unit.GetUnit() != "" {
		m.unit = unit.GetUnit()
	}
	if _, begins := rules[event]; !begins || message.GetFrom().GetAgency() == r.agency {
		return
	}
	content, err := message.GetEvent().UnmarshalNew()
	if err != nil {
		return
	}
	switch content := content.(type) {
	case *referralv1.ReferralSent:
		m.kind = content.GetKind().String()
	case *planv1.MemberInvited:
		if content.GetParty().GetAgency() != r.agency {
			return
		}
		m.unit = content.GetParty().GetUnit()
	}
	m.began, m.at = event, message.GetOccurredAt().AsTime()
}

// give sends a reply. One that Koppi refuses, since a person was faster or the matter is closed, is the last. The same
// reply has the same request id, so that it takes effect once.
func (r *robot) give(ctx context.Context, m *known, answer reply) error {
	unit := m.unit
	if _, is := r.directory.Unit(r.agency, unit); !is || unit == "" {
		unit = r.directory.Intake(r.agency)
	}
	agency, _ := r.directory.Agency(r.agency)
	ctx, err := r.as(ctx, identity.Caller{Agency: r.agency, Unit: unit, Worker: worker, Role: roles[agency.Kind]})
	if err != nil {
		return err
	}
	body := map[string]any{"requestId": uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.agency+" "+m.subject+" "+answer.method)).String()}
	for name, value := range answer.body {
		body[name] = value
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = scenario.GRPC{Conn: r.conn}.Call(ctx, "", answer.method, text)
	var refused *scenario.Refusal
	if errors.As(err, &refused) && !slices.Contains(passing, refused.Code) {
		r.logger.InfoContext(ctx, "the robot is refused", slog.String("agency", r.agency), slog.String("method", path.Base(answer.method)), slog.String("reason", refused.Reason))
		m.over = true
		return nil
	}
	if err != nil {
		return err
	}
	return r.read(ctx)
}

// as returns a context for calls as a caller.
func (r *robot) as(ctx context.Context, caller identity.Caller) (context.Context, error) {
	token, err := r.issuer.Issue(caller, time.Now(), tokenLife) //nolint:forbidigo // a token's time
	return metadata.NewOutgoingContext(ctx, metadata.Pairs("authorization", "Bearer "+token)), err
}
