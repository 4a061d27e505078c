import { createClient } from "@connectrpc/connect";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import type { LoopStatus, Urgency } from "koppi-contract/koppi/common/v1/party_pb";
import { ConcernService } from "koppi-contract/koppi/concern/v1/concern_pb";
import { TopicSchema } from "koppi-contract/koppi/concern/v1/state_pb";
import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { ConsultationService } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { PlanService } from "koppi-contract/koppi/plan/v1/plan_pb";
import { ReferralService } from "koppi-contract/koppi/referral/v1/referral_pb";
import { ReferralKindSchema } from "koppi-contract/koppi/referral/v1/state_pb";
import { dateOf } from "../../app/clock";
import { transport } from "../../app/transport";
import { nameOf } from "../../ui/names";

// Sought is a client, by the agency's own id, and the purpose of the search.
export interface Sought { clientId: string; purpose: string }

export interface Matter {
  subject: string;
  list: "work" | "sent";
  // Names of the contract, or the asker's own words.
  about: string[];
  status?: LoopStatus;
  urgency?: Urgency;
  startedAt?: Timestamp;
  caseId: string;
}

export const consents = createClient(ConsentService, transport);
// clientOf identifies the client in a request, by the agency's own id.
export const clientOf = (clientId: string) => ({ identity: { case: "clientId" as const, value: clientId } });

const pageSize = 1000;

// readMatters lists a client's matters in all four services, the latest first.
export async function readMatters({ clientId, purpose }: Sought): Promise<Matter[]> {
  const asked = { clientId, purpose, pageSize }, both = ([false, true] as const);
  const parts = await Promise.all([
    ...both.map(async (sent) => (await createClient(ConcernService, transport).listConcerns({ ...asked, sent }))
      .concerns.map((one): Matter => ({
        subject: `concerns/${one.concernId}`, list: sent ? "sent" : "work", about: one.topics.map((topic) => nameOf(TopicSchema, topic)),
        status: one.status, urgency: one.triagedUrgency || one.urgency, startedAt: one.submittedAt, caseId: one.caseId,
      }))),
    ...both.map(async (sent) => (await createClient(ReferralService, transport).listReferrals({ ...asked, sent }))
      .referrals.map((one): Matter => ({
        subject: `referrals/${one.referralId}`, list: sent ? "sent" : "work",
        about: [one.kind && nameOf(ReferralKindSchema, one.kind), one.serviceKey].filter((word): word is string => Boolean(word)),
        status: one.status, urgency: one.triagedUrgency || one.urgency, startedAt: one.sentAt, caseId: one.caseId,
      }))),
    ...both.map(async (sent) => (await createClient(ConsultationService, transport).listConsultations({ ...asked, sent }))
      .consultations.map((one): Matter => ({
        subject: `consultations/${one.consultationId}`, list: sent ? "sent" : "work", about: [], status: one.status, urgency: one.urgency,
        startedAt: one.openedAt, caseId: one.caseId,
      }))),
    createClient(PlanService, transport).listPlans(asked).then(({ plans }) => plans.map((one): Matter => ({
      subject: `plans/${one.planId}`, list: "work", about: [], status: one.status, startedAt: one.createdAt, caseId: one.caseId,
    }))),
  ]);
  const matters = [...new Map(parts.flat().map((one) => [one.subject, one])).values()];
  return matters.sort((a, b) => (dateOf(b.startedAt)?.getTime() ?? 0) - (dateOf(a.startedAt)?.getTime() ?? 0));
}

// whoIs reads the client's name through a matter of the agency: a recorded reading.
export async function whoIs(subject: string) {
  const [kind, id] = subject.split("/") as [string, string];
  switch (kind) {
    case "concerns": return createClient(ConcernService, transport).getClient({ concernId: id });
    case "referrals": return createClient(ReferralService, transport).getClient({ referralId: id });
    case "consultations": return createClient(ConsultationService, transport).getClient({ consultationId: id });
    default: return createClient(PlanService, transport).getClient({ planId: id });
  }
}
