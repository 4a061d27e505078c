import { randomUUID } from "node:crypto";

import type { Koppi } from "./koppi";

export const consent = (provision: string) => ({ ground: "LEGAL_GROUND_CLIENT_CONSENT", provision, consentedAt: "2026-11-23T06:55:00Z" });

// attested states that the client's consent could not be obtained.
export const attested = {
  ground: "LEGAL_GROUND_STATUTORY_NOTIFICATION", provision: "1301/2014 § 35.2",
  attestation: { consentUnobtainable: true, evidentlyUnableToCareForSelf: true },
};

// report sends a concern report from Kela's handler, through the API.
export async function report(
  koppi: Koppi,
  {
    code = "010594Y9032", unit = "", topics = ["TOPIC_RENT_ARREARS", "TOPIC_ELECTRICITY_CUT"], urgency = "URGENCY_NORMAL",
    basis = consent("1301/2014 § 35.1") as object,
  } = {},
): Promise<string> {
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), client: { personalIdentityCode: code, language: "fi" }, receiver: { agency: "hva-pohjois-savo", unit }, basis,
    topics, description: basis === attested ? "" : "Kaksi vuokraa maksamatta.", urgency,
  });
  return `concerns/${concern.concernId}`;
}

export interface Cases { concern: string; sent: string; referral: string; consultation: string; plan: string }

const health = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" };

// ordinary is a typical morning: a matter of each service in progress, of one client.
export async function ordinary(koppi: Koppi): Promise<Cases> {
  const client = { personalIdentityCode: "030694W9024", language: "fi" }, requestId = randomUUID;
  const concern = await report(koppi, {
    code: "030694W9024", topics: ["TOPIC_MENTAL_HEALTH", "TOPIC_RENT_ARREARS"], urgency: "URGENCY_URGENT",
  });
  const concernId = concern.split("/")[1];
  const sent = await report(koppi, { code: "140391-9021", unit: "tyoikaiset-kuopio" });
  await koppi.call("ps-04", "concern.v1.ConcernService/ReceiveConcern", { requestId: requestId(), concernId });
  await koppi.call("ps-21", "concern.v1.ConcernService/TakeConcern", { requestId: requestId(), concernId });
  await koppi.call("ps-21", "concern.v1.ConcernService/RecordContactAttempt", {
    requestId: requestId(), concernId, result: "CONTACT_RESULT_REACHED",
  });
  const { referral } = await koppi.call<{ referral: { referralId: string } }>("ps-21", "referral.v1.ReferralService/SendReferral", {
    requestId: requestId(), client, receiver: health, basis: consent("703/2023 § 53"), kind: "REFERRAL_KIND_SERVICE",
    serviceKey: "tyokyvyn-arvio", reason: "Työkyvyn arvio.", urgency: "URGENCY_NORMAL",
  });
  await koppi.call("tk-02", "referral.v1.ReferralService/AcceptReferral", { requestId: requestId(), referralId: referral.referralId });
  await koppi.call("tk-02", "referral.v1.ReferralService/ScheduleAppointment", {
    requestId: requestId(), referralId: referral.referralId, at: "2026-12-01T08:00:00Z", place: "Terveysasema",
  });
  interface Opened { consultation: { consultationId: string } }
  const { consultation } = await koppi.call<Opened>("ps-21", "consultation.v1.ConsultationService/OpenConsultation", {
    requestId: requestId(), addressee: health, basis: { ground: "LEGAL_GROUND_NO_PERSONAL_DATA", provision: "703/2023 § 31" },
    topic: "Lääkitys ja työkyky", question: "Voiko lääkityksen muutos selittää poissaolot?", urgency: "URGENCY_NORMAL",
  });
  const { consultationId } = consultation;
  await koppi.call("tk-02", "consultation.v1.ConsultationService/TakeConsultation", { requestId: requestId(), consultationId });
  await koppi.call("tk-02", "consultation.v1.ConsultationService/PostMessage", {
    requestId: requestId(), consultationId, text: "Voi. Suosittelen arviota terveysasemalla.", answers: true,
  });
  const { plan } = await koppi.call<{ plan: { planId: string } }>("ps-21", "plan.v1.PlanService/CreatePlan", {
    requestId: requestId(), client, basis: consent("1301/2014 § 39"),
  });
  const { planId } = plan;
  const { goalId } = await koppi.call<{ goalId: string }>("ps-21", "plan.v1.PlanService/AddGoal", {
    requestId: requestId(), planId, text: "Haluan nukkua yöt ja jaksaa viedä lapsen päiväkotiin.", setByClient: true,
  });
  await koppi.call("ps-21", "plan.v1.PlanService/InviteMember", {
    requestId: requestId(), planId, party: health, basis: consent("703/2023 § 53"),
  });
  await koppi.call("tk-02", "plan.v1.PlanService/JoinPlan", { requestId: requestId(), planId });
  await koppi.call("tk-02", "plan.v1.PlanService/AddAction", {
    requestId: requestId(), planId, goalId, text: "Unihoitajan aika", owner: { ...health, worker: "tk-02" }, dueAt: "2026-12-07T12:00:00Z",
  });
  for (const [score, byClient] of [[-2, true], [-1, false], [0, true], [1, false]]) {
    await koppi.call("ps-21", "plan.v1.PlanService/AssessGoal", { requestId: requestId(), planId, goalId, score, byClient });
  }
  return {
    concern, sent, referral: `referrals/${referral.referralId}`, consultation: `consultations/${consultationId}`, plan: `plans/${planId}`,
  };
}
