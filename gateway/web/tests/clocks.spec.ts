import { randomUUID } from "node:crypto";

import { adults, begin } from "./begin";
import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { picture, pictures } from "./pictures";

// The basis of a due time is shown to the handlers of a matter and to its client; an urgent due
// time is removed only by an explicit choice.

const herself = "030694W9024", over75 = "090941-903S";
const due = (who: Person) => who.matter.locator("[data-due]");
const row = (who: Person, subject: string) => who.row(subject).locator("[data-due]");
const urgent = "DUE_BASIS_URGENCY", promise = "DUE_BASIS_SERVICE_PROMISE", statutory = "DUE_BASIS_STATUTORY";
const shown = async (who: Person, basis: string, said: string) => {
  await expect(due(who)).toHaveAttribute("data-due", basis);
  await expect(due(who)).toContainText(said);
};
// situation is what a client's own page says of one matter.
const situation = (who: Person, subject: string) => who.page.locator(`[data-situation="${subject}"]`);
// card is what the page tells of it once it is unfolded.
const card = async (who: Person, subject: string) => {
  await situation(who, subject).locator("[data-fold=more]").click();
  return who.page.locator(`article[data-subject="${subject}"]`);
};

test("an emergency shows its hour and what it rests on, and is let go of by triage alone", async ({ koppi, comes }) => {
  const subject = await report(koppi, { urgency: "URGENCY_EMERGENCY", unit: adults.unit }), kela = await comes("kela-17");
  const worker = await comes("ps-21");
  await kela.open(subject, "sent");
  await worker.open(subject);
  await worker.take("ReceiveConcern");
  await shown(worker, urgent, "Hätätilanne: viimeistään ma 23.11. klo 10 (sosiaalihuoltolaki 36 § 1 mom.)");
  await expect(row(worker, subject)).toContainText("tänään klo 10");
  await expect(worker.step("TriageConcern")).toHaveText(/Kiireellinen apu arvioitu/);
  await pictures(worker.page, "clocks-emergency");
  // The reporter sees the due time, not its basis.
  await expect(kela.matter.locator(".marks .due")).toHaveText("Määräaika: tunnin kuluttua");
  await expect(due(kela)).toHaveCount(0);
  await pictures(kela.page, "clocks-reporter");
  // A worker who takes it half an hour later has an hour from then.
  await koppi.advance("1800s");
  await worker.take("TakeConcern");
  await shown(worker, urgent, "viimeistään ma 23.11. klo 10.30");
  await worker.press("TriageConcern");
  const form = worker.page.locator("form.step-form");
  await pictures(worker.page, "clocks-triage");
  await expect(form.locator("[data-urgency-now]")).toContainText("Hätätilanne, määräaika ma 23.11. klo 10.30");
  await expect(form.locator('[data-field="urgency"] input:checked')).toHaveCount(0);
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="urgency"]')).toContainText("Valitse: kuinka kiireellinen");
  await worker.fill(form, { urgency: "URGENCY_NORMAL" });
  await expect(form.locator('[data-field="letGo"]')).toContainText("Kiireellinen määräaika päättyy");
  await picture(worker.page, "clocks-triage-whole");
  await worker.send(form);
  await shown(worker, promise, "Tavoite ke 2.12.");
  await pictures(worker.page, "clocks-let-go");
  await expect(row(worker, subject)).toHaveAttribute("data-due", promise);
  // Neither in its due time nor beside it.
  await expect(worker.row(subject)).not.toContainText("Hätätilanne");
  await expect(worker.phase).toContainText(worker.word("LOOP_PHASE_TAKEN"));
  await expect(worker.matter.locator("aside")).toContainText("Ei kiireellinen (lähettäjän arvio: Hätätilanne)");
  await expect(worker.matter.locator('[data-event="ConcernTaken"] ~ [data-event="ConcernTriaged"]'))
    .toContainText("Kiireellisyys arvioitu");
  await expect(worker.step("TriageConcern")).toHaveText("Arvioi kiireellisyys");
});

test("a client whose matter is urgent reads whom to call and when, and else what is aimed at", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { code: herself, urgency: "URGENCY_EMERGENCY", unit: adults.unit });
  const concernId = subject.split("/")[1];
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId });
  const client = await comes("client", { width: 390, height: 844 });
  await expect(situation(client, subject)).toContainText("Kiireellinen");
  await expect(situation(client, subject).locator("[data-urgent]"))
    .toHaveText("Jos kukaan ei ole ottanut yhteyttä ma 23.11. klo 10 mennessä, soita sosiaalipäivystykseen tai 112.");
  await pictures(client.page, "clocks-client-urgent");
  await koppi.advance("3660s");
  await client.page.reload();
  await expect(situation(client, subject).locator("[data-urgent]")).toContainText("soita nyt");
  await koppi.call("ps-21", "concern.v1.ConcernService/TriageConcern", {
    requestId: randomUUID(), concernId, urgency: "URGENCY_NORMAL", reason: "Asiakas on turvassa.",
  });
  await client.page.reload();
  await expect(situation(client, subject).locator("[data-expectation]")).toHaveText("Sinuun otetaan yhteyttä viimeistään ke 2.12.");
  await expect(situation(client, subject).locator("[data-urgent]")).toHaveCount(0);
  await expect(situation(client, subject)).not.toContainText("Kiireellinen");
  await pictures(client.page, "clocks-client-promise");
});

test("a client over 75 reads the law's day, and so does who handles the matter", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { code: over75, unit: adults.unit }), worker = await comes("ps-21"), client = await comes("client");
  await worker.open(subject);
  await worker.take("ReceiveConcern");
  await shown(worker, statutory, "Määräaika ke 2.12. (sosiaalihuoltolaki 36 § 2 mom.)");
  await expect(worker.matter.locator("aside")).toContainText("75 vuotta täyttänyt");
  await worker.press("TriageConcern");
  await expect(worker.page.locator('[data-field="over75"]')).toContainText("täyttänyt 75 vuotta");
  await client.becomes(over75);
  await expect(await card(client, subject)).toContainText("Arviointi on aloitettava viimeistään ke 2.12. (sosiaalihuoltolaki 36 §)");
  await pictures(client.page, "clocks-client-statutory");
});

test("a group that a worker records gives a client the law's day", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21");
  await worker.open(subject);
  await worker.take("ReceiveConcern");
  await shown(worker, promise, "Tavoite ke 2.12.");
  await worker.take("TriageConcern", { groups: ["STATUTORY_GROUP_DISABLED_PERSON"] });
  await shown(worker, statutory, "Määräaika ke 2.12. (sosiaalihuoltolaki 36 § 2 mom.)");
  await worker.press("TriageConcern");
  const form = worker.page.locator("form.step-form");
  await expect(form.locator('[data-field="groupsStay"]')).toHaveCount(0);
  await worker.tick(form.locator('input[value="STATUTORY_GROUP_DISABLED_PERSON"]'), false);
  await expect(form.locator('[data-field="groupsStay"]')).toContainText("jää voimaan");
});

test("a moved application says when it arrived and by when it is decided; a referral is triaged under way", long, async ({ comes }) => {
  const worker = await comes("ps-21"), kela = await comes("kela-17");
  await kela.go("/new/referral");
  const form = kela.page.locator("form.step-form"), arrived = form.locator('[data-field="arrivedOn"]');
  const about = {
    kind: "REFERRAL_KIND_APPLICATION_TRANSFER", code: herself, language: "fi",
    receiver: { agency: "hva-pohjois-savo", ...adults }, reason: "Ehkäisevä toimeentulotuki.", urgency: "URGENCY_NORMAL",
  };
  await kela.fill(form, about);
  await expect(arrived.locator("input")).toHaveValue("23.11.2026");
  for (const [day, said] of [["2026-11-24", "ei voi olla tulevaisuudessa"], ["2025-11-22", "on yli vuosi"]] as const) {
    await kela.fill(form, { arrivedOn: day });
    await form.locator("[data-next]").click();
    await expect(arrived).toContainText(said);
  }
  const subject = await begin(kela, "referral", { ...about, ground: "hl-21", arrivedOn: "2026-11-20" });
  await expect(kela.summary).toContainText("Siirretty, ei vielä päätöstä. Päätös on tehtävä viimeistään ti 1.12.");
  const client = await comes("client");
  await expect(situation(client, subject).locator("[data-expectation]")).toContainText("vastaanotetaan viimeistään");
  await expect((await card(client, subject)).locator("[data-summary]"))
    .toHaveText("Siirretty, ei vielä päätöstä. Päätös on tehtävä viimeistään ti 1.12.");
  await worker.open(subject);
  await worker.take("AcceptReferral");
  await shown(worker, statutory, "Määräaika ti 1.12. (toimeentulotukilaki 14 a § 1 mom.)");
  await expect(worker.matter.locator("aside")).toContainText("20.11.2026");
  await worker.take("TriageReferral", { urgency: "URGENCY_URGENT" });
  await pictures(worker.page, "clocks-moved");
  await shown(worker, statutory, "Määräaika ti 24.11. (toimeentulotukilaki 14 b §)");
  for (const who of [kela, worker]) await expect(who.matter.locator('[data-event="ReferralTriaged"]')).toContainText("Kiireellinen");
});
