import { randomUUID } from "node:crypto";

import { consent } from "./cases";
import { expect, test } from "./fixtures";

// A client with a non-disclosure order has a warning wherever the client is named: in a matter of
// each service, and in the client search.
test("wherever a client is named, a non-disclosure is said", async ({ koppi, comes }) => {
  const client = { personalIdentityCode: "030694W9024", language: "fi", details: { phones: ["0401234567"], nonDisclosure: true } };
  const requestId = randomUUID;
  const receiver = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" }, basis = consent("703/2023 § 53");
  const urgency = "URGENCY_NORMAL";
  const send = async (method: string, kind: string, body: object) => {
    const request = { requestId: requestId(), client, basis, ...body };
    const answer = await koppi.call<Record<string, Record<string, string>>>("ps-21", method, request);
    return `${kind}s/${answer[kind]![`${kind}Id`]}`;
  };
  const subjects = [
    await send("concern.v1.ConcernService/SubmitConcern", "concern", { receiver, topics: ["TOPIC_OTHER"], urgency }),
    await send("referral.v1.ReferralService/SendReferral", "referral", {
      receiver, kind: "REFERRAL_KIND_SERVICE", reason: "Arvio.", urgency,
    }),
    await send("consultation.v1.ConsultationService/OpenConsultation", "consultation", {
      addressee: receiver, topic: "Arvio", question: "Miten jatkamme?", urgency,
    }),
    await send("plan.v1.PlanService/CreatePlan", "plan", {}),
  ];
  const worker = await comes("ps-21"), named = worker.page.locator('[data-reveal="client"]');
  for (const subject of subjects) {
    await worker.go(`/sent/${subject}`);
    await named.getByRole("button").click();
    await expect(named, subject).toContainText("Turvakielto");
  }
  await worker.go(`/sent/${subjects[0]}`);
  await worker.page.locator('a[href^="/client?id="]').click();
  await worker.page.getByRole("textbox").first().fill("Palvelutarpeen arviointi");
  await worker.page.keyboard.press("Enter");
  await named.getByRole("button").click();
  await expect(named).toContainText("Turvakielto");
  await worker.page.locator("[data-timeline]").click();
  await expect(worker.page.locator("section[aria-labelledby=client-timeline]")).toContainText("Huoli-ilmoitus");
});
