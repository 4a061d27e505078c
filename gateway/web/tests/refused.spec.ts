import { begin, consented, reported, county, health, known } from "./begin";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { pictures } from "./pictures";

// part is a field of a message in its binary form: a text, or a nested message.
function part(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  if (bytes.length > 127) throw new Error("too long for a test");
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

// refusal is the server's refusal of a field, in Connect's error format.
const refusal = (reason: string, field: string) => ({
  code: "invalid_argument", message: "refused", details: [
    { type: "google.rpc.ErrorInfo", value: Buffer.concat([part(1, reason), part(2, "koppi")]).toString("base64").replace(/=+$/, "") },
    {
      type: "google.rpc.BadRequest",
      value: part(1, Buffer.concat([part(1, field), part(2, "otherwise")])).toString("base64").replace(/=+$/, ""),
    },
  ],
});

const person = { nameOnly: true, familyName: "Testinen", phone: "040 1234567", language: "fi" };
const of = {
  basis: ["basis", "basis.ground", "basis.ground_key", "basis.consented_at", "basis.provision", "basis.consent_id"],
  client: [
    "client", "client.personal_identity_code", "client.language", "client.details", "client.details.family_name",
    "client.details.given_names", "client.details.birth_date", "client.details.phones[0]", "client.details.municipality",
    "client.details.non_disclosure", "client.client_id",
  ],
  receiver: ["receiver", "receiver.agency", "receiver.unit"],
  rest: ["attachment_ids[0]", "urgency", "case_id", "request_id", "something.new"],
};
const forms: [what: string, who: string, method: string, values: Record<string, unknown>, paths: string[]][] = [
  [
    "concern", "kela-17", "SubmitConcern",
    { ...reported, ...person, receiver: county, topics: ["TOPIC_OTHER"], description: "Kaksi vuokraa.", urgency: "URGENCY_NORMAL" },
    [...of.basis, ...of.client, ...of.receiver, ...of.rest, "topics", "topics[0]", "description"],
  ],
  [
    "referral", "ps-21", "SendReferral",
    { kind: "REFERRAL_KIND_SERVICE", ...consented, ...person, receiver: health, reason: "Tarvitsee tukea.", urgency: "URGENCY_NORMAL" },
    [...of.basis, ...of.client, ...of.receiver, ...of.rest, "kind", "service_key", "reason"],
  ],
  [
    "consultation", "ps-21", "OpenConsultation",
    { ...consented, ...person, receiver: health, topic: "Lääkitys", question: "Voiko se väsyttää?", urgency: "URGENCY_NORMAL" },
    [...of.basis, ...of.client, ...of.rest, "addressee", "addressee.unit", "addressee.worker", "topic", "question"],
  ],
  ["plan", "ps-21", "CreatePlan", { ...consented, ...person }, [...of.basis, ...of.client, "case_id", "request_id", "something.new"]],
];

// All forms have the same fields of a client, a ground and a receiver: their refusals are tested in the first form.
const shared = [...of.basis, ...of.client, ...of.receiver]
  .filter((path) => !["basis.consented_at", "client.personal_identity_code", "receiver.unit"].includes(path));

// The place of each of these does not depend on which field comes first.
const places: Record<string, string> = {
  "client.language": "language", "client.details.phones[0]": "phone", "client.details.family_name": "familyName",
  "basis.consented_at": "ground", "basis.provision": "ground", "urgency": "urgency", "attachment_ids[0]": "attachments",
  "client.details.non_disclosure": "nonDisclosure",
};

// send goes on to the last page and sends; the answer is a refusal.
async function send(worker: Person, method: string) {
  const { page } = worker, answered = page.waitForResponse((response) => response.url().endsWith(`/${method}`));
  await worker.last(page.locator("form.step-form"));
  await page.locator("[data-send]").click();
  await answered;
}

for (const [what, who, method, values, paths] of forms) {
  test(`a new ${what} shows a refusal once, beside its field`, long, async ({ comes }) => {
    const worker = await comes(who, { at: `/new/${what}` }), { page } = worker, form = page.locator("form.step-form");
    await worker.fill(form, values);
    let refused = "", reason = "INVALID_FIELD";
    await page.route(`**/${method}`, (route) => route.fulfill({ status: 400, json: refusal(reason, refused) }));
    for (const path of paths.filter((one) => what === "concern" || !shared.includes(one))) {
      refused = path;
      reason = path.startsWith("basis") ? "LEGAL_BASIS_REQUIRED" : "INVALID_FIELD";
      await send(worker, method);
      const at = page.locator(
        "[data-field]:has(.wrong:not(:empty), [aria-invalid=true], .fi-status-text--error:not(:empty), [class*=--error])",
      ).filter({ visible: true });
      const outside = /^(case_id|request_id|something)/.test(path);
      // One thing that is wrong needs no summary.
      await expect(page.locator(".fi-error-summary"), path).toHaveCount(0);
      const problem = form.locator(".problem");
      if (outside) {
        await expect(problem, path).toHaveAttribute("data-path", path);
        await expect(problem, path).not.toContainText(path);
        await expect(problem, path).not.toContainText(reason);
        continue;
      }
      await expect(at, path).toHaveCount(1);
      if (places[path]) await expect(at, path).toHaveAttribute("data-field", places[path]);
      await expect(problem, path).toHaveCount(0);
      await expect.poll(() => at.evaluate((it) => it.contains(document.activeElement)), `${path}: the focus is there`).toBe(true);
    }
    await pictures(page, `refused-${what}`);
  });
}

test("a consent of tomorrow is not accepted where its moment was typed, and what follows from a matter too", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), { page } = kela, form = page.locator("form.step-form");
  await kela.fill(form, {
    ground: "earlier", consentedAt: "2026-12-24T10:00", ...known("010594Y9032"), receiver: county,
  });
  await form.locator("[data-next]").click();
  await expect(form.locator('[data-field="consentedAt"] .wrong')).toHaveText("Suostumuksen aika ei voi olla tulevaisuudessa.");
  await expect(page.locator("form.step-form > .problem")).toHaveCount(0);
  await pictures(page, "refused-consent");
  // A client taken over from another matter has no field here: the form says it above.
  await kela.go("/new/concern");
  const subject = await begin(kela, "concern", {
    ...reported, ...known("010594Y9032"), receiver: county, topics: ["TOPIC_OTHER"], urgency: "URGENCY_NORMAL",
  });
  await kela.go(`/new/concern?from=${encodeURIComponent(subject)}`);
  await kela.fill(form, { ...reported, receiver: county, topics: ["TOPIC_OTHER"], urgency: "URGENCY_NORMAL" });
  await page.route("**/SubmitConcern", (route) => route.fulfill({ status: 400, json: refusal("UNKNOWN_CLIENT", "client.client_id") }));
  await send(kela, "SubmitConcern");
  await expect(form.locator(".problem")).toContainText("Asiakasta ei tunneta");
});
