// Reports a concern, and asks for one that does not exist, with a client that was generated from the OpenAPI
// document. usage: node concern.js ADDRESS TOKEN REQUEST_ID
import createClient from "openapi-fetch";

import type { paths } from "./schema.js";

const [address, token, requestId] = process.argv.slice(2) as [string, string, string];
const onBehalfOf = { header: { "Koppi-On-Behalf-Of": "kela-17;toimeentulotuki;benefit_handler" } };
const koppi = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${token}` } });

const sent = await koppi.POST("/koppi.concern.v1.ConcernService/SubmitConcern", {
  params: onBehalfOf,
  body: {
    requestId, client: { personalIdentityCode: "010594Y9032", language: "fi" }, receiver: { agency: "hva-pohjois-savo" },
    basis: { ground: "LEGAL_GROUND_CLIENT_CONSENT", provision: "1301/2014 § 35.1", consentedAt: "2026-01-02T08:00:00Z" },
    topics: ["TOPIC_RENT_ARREARS"], description: "Kaksi vuokraa maksamatta.", urgency: "URGENCY_URGENT",
  },
});
if (!sent.data?.concern) throw new Error(sent.error?.message ?? "the answer has no concern");

const refused = await koppi.POST("/koppi.concern.v1.ConcernService/GetConcern", { params: onBehalfOf, body: { concernId: requestId } });
console.log(JSON.stringify({
  concern: sent.data.concern.concernId, state: sent.data.concern.state, phase: sent.data.concern.status?.phase,
  code: refused.error?.code, reason: refused.error?.details?.[0]?.debug?.reason,
}));
