import { randomUUID } from "node:crypto";

import type { Koppi } from "./koppi";

export const consent = (provision: string) => ({ ground: "LEGAL_GROUND_CLIENT_CONSENT", provision, consentedAt: "2026-11-23T06:55:00Z" });

// report is a concern report by Kela's handler, without a page.
export async function report(koppi: Koppi, { code = "010594Y9032", unit = "", topics = ["TOPIC_RENT_ARREARS", "TOPIC_ELECTRICITY_CUT"], urgency = "URGENCY_NORMAL" } = {}): Promise<string> {
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), client: { personalIdentityCode: code, language: "fi" }, receiver: { agency: "hva-pohjois-savo", unit }, basis: consent("1301/2014 § 35.1"), topics, description: "Kaksi vuokraa maksamatta.", urgency,
  });
  return `concerns/${concern.concernId}`;
}
