import { randomUUID } from "node:crypto";

import { adults, begin, consented, reported, county, phase, subjectOf } from "./begin";
import { attested, consent, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";

// Steps of a concern and a referral that no scenario covers; each appears on the other pages
// without a reload.

const passedOn = { to: { ...adults, worker: "ps-33" }, reason: "Asiakas on hänelle tuttu." };

// refer sends a referral from the nurse to a unit of two workers, through the API.
async function refer(koppi: Koppi): Promise<string> {
  const { referral } = await koppi.call<{ referral: { referralId: string } }>("tk-02", "referral.v1.ReferralService/SendReferral", {
    requestId: randomUUID(), client: { personalIdentityCode: "010594Y9032", language: "fi" }, receiver: { ...county, ...adults },
    basis: consent("703/2023 § 53"), kind: "REFERRAL_KIND_SERVICE", reason: "Tarvitsee tukea arkeen.", urgency: "URGENCY_NORMAL",
  });
  return `referrals/${referral.referralId}`;
}

// inQueue reports whether a matter is in a worker's own queue or the unit's.
async function inQueue(who: Person, queue: "me" | "unit", subject: string, there: boolean) {
  await who.page.locator(`[data-queue="${queue}"]`).click();
  await expect(who.row(subject)).toHaveCount(there ? 1 : 0);
}

test("a concern is passed on: who loses it and who gets it see so, the reporter to whom, not why", async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: "palveluohjaus" }), kela = await comes("kela-17"), guide = await comes("ps-04");
  const worker = await comes("ps-33");
  await expect(worker.page.getByText("Mikään ei odota sinua.")).toBeVisible();
  await kela.open(subject, "sent");
  await guide.open(subject);
  await guide.take("ReceiveConcern");
  await guide.take("ReassignConcern", passedOn);
  await expect(guide.row(subject)).toHaveCount(0);
  await expect(guide.summary).toContainText("Outi Ohjaaja");
  await expect(worker.page.locator("button.fresh")).toContainText("1 uusi");
  await worker.open(subject);
  await inQueue(worker, "me", subject, true);
  await expect(worker.matter).toContainText(passedOn.reason);
  await expect(kela.summary).toContainText("Outi Ohjaaja");
  await expect(kela.matter.locator('[data-event="ConcernReassigned"]')).toBeVisible();
  await expect(kela.matter).not.toContainText(passedOn.reason);
});

test("a contact that is planned is told to the reporter with consent alone, until it is taken back", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: "tyoikaiset-kuopio" });
  const silent = await report(koppi, { unit: "tyoikaiset-kuopio", code: "140391-9021", basis: attested });
  const kela = await comes("kela-17"), worker = await comes("ps-21"), planned = "aikoo ottaa asiakkaaseen yhteyttä 24.11.2026 10.00";
  await kela.open(subject, "sent");
  await worker.open(subject);
  await worker.take("TakeConcern");
  await worker.take("PlanContact", { at: "2026-11-24T10:00", until: "2026-11-25T10:00" });
  await expect(kela.summary).toContainText(planned);
  await worker.take("PlanContact", { takeBack: true });
  await expect(kela.summary).not.toContainText("aikoo ottaa");
  await kela.open(silent, "sent");
  await worker.open(silent);
  await worker.take("TakeConcern");
  await worker.take("PlanContact", { at: "2026-11-24T10:00" });
  await expect(worker.summary).toContainText(planned);
  await worker.take("RequestInformation", { question: "Milloin asiakkaaseen on saatu yhteys?" });
  await phase(kela, "LOOP_PHASE_WAITING");
  await expect(kela.summary).not.toContainText("aikoo ottaa");
  await expect(kela.matter.locator('[data-event="ContactPlanned"]')).toHaveCount(0);
});

test("a concern is taken back; another is declined, and settled with where it was sent instead", long, async ({ koppi, comes }) => {
  const [mistaken, declined, instead] = [
    await report(koppi), await report(koppi, { code: "140391-9021" }),
    await report(koppi, { code: "140391-9021", unit: "tyoikaiset-etela" }),
  ];
  const kela = await comes("kela-17"), guide = await comes("ps-04");
  await guide.open(mistaken);
  await kela.open(mistaken, "sent");
  await kela.take("WithdrawConcern", { reason: "Asiakas hoiti asian itse." });
  await phase(guide, "LOOP_PHASE_WITHDRAWN");
  await expect(guide.row(mistaken)).toHaveCount(0);
  await expect(guide.matter).toContainText("Asiakas hoiti asian itse.");
  await kela.open(declined, "sent");
  await guide.open(declined);
  await guide.take("DeclineConcern", {
    reason: "DECLINE_REASON_WRONG_AREA", explanation: "Asuu etelässä.", suggested: { agency: "tyollisyys-kuopio" },
  });
  await phase(kela, "LOOP_PHASE_DECLINED");
  for (const told of ["Asuu etelässä.", "Kuopion työllisyysalue"]) await expect(kela.matter).toContainText(told);
  await kela.take("SettleConcern", { how: "resent", place: `${koppi.line.address}/sent/${instead}` });
  await phase(guide, "LOOP_PHASE_CLOSED");
  await kela.matter.locator(`a[href*="${instead}"]`).first().click();
  await expect(kela.matter).toHaveAttribute("data-matter", instead.split("/")[1]!);
});

test("a referral under way: its sender reads how it goes, asks to cancel it, is refused, and revokes it", long, async ({
  koppi, comes,
}) => {
  const subject = await refer(koppi), nurse = await comes("tk-02"), worker = await comes("ps-21"), other = await comes("ps-33");
  await nurse.open(subject, "sent");
  await worker.open(subject);
  await worker.take("ReceiveReferral");
  await phase(nurse, "LOOP_PHASE_RECEIVED");
  await worker.take("AcceptReferral");
  await worker.take("PlanContact", { at: "2026-11-24T10:00" });
  await expect(nurse.summary).toContainText("aikoo ottaa asiakkaaseen yhteyttä 24.11.2026 10.00");
  await worker.take("AddProgressNote", { text: "Odotamme asiakkaan liitteitä.", onHold: true });
  await expect(nurse.summary).toContainText("Odottaa asiakasta");
  await expect(nurse.matter).toContainText("Odotamme asiakkaan liitteitä.");
  await nurse.take("CancelReferral", { reason: "Asiakas muutti." });
  await expect(worker.summary).toContainText("on pyytänyt perumista");
  await expect(worker.matter).toContainText("Asiakas muutti.");
  await worker.take("RefuseCancellation", { explanation: "Päätös on jo tehty." });
  await expect(nurse.matter).toContainText("Päätös on jo tehty.");
  await expect(nurse.summary).not.toContainText("on pyytänyt perumista");
  await inQueue(worker, "me", subject, true);
  await worker.take("ReassignReferral", passedOn);
  await expect(worker.row(subject)).toHaveCount(0);
  await expect(nurse.summary).toContainText("Outi Ohjaaja");
  await other.open(subject, "work", "me");
  await nurse.take("RevokeReferral", { reason: "Väärä henkilö." });
  for (const who of [nurse, other]) {
    await expect(who.matter).toContainText("Merkitty virheelliseksi");
    await expect(who.matter).not.toContainText("Tarvitsee tukea arkeen.");
  }
  await other.take("AcknowledgeRevocation", {});
  await expect(nurse.matter).toContainText("kuitattu 23.11.2026");
});

test("a referral is cancelled before it is decided; another comes back, and is dropped with a reason", long, async ({ koppi, comes }) => {
  const [cancelled, declined] = [await refer(koppi), await refer(koppi)], nurse = await comes("tk-02"), worker = await comes("ps-21");
  await worker.open(cancelled);
  await nurse.open(cancelled, "sent");
  await nurse.take("CancelReferral", { reason: "Lähetetty kahdesti." });
  await phase(worker, "LOOP_PHASE_WITHDRAWN");
  await expect(worker.matter).toContainText("Lähetetty kahdesti.");
  await nurse.open(declined, "sent");
  await worker.open(declined);
  await worker.take("DeclineReferral", { reason: "REFERRAL_DECLINE_REASON_DUPLICATE" });
  await phase(nurse, "LOOP_PHASE_DECLINED");
  await nurse.take("SettleReferral", { how: "dropped", reason: "Asiaa hoidetaan jo." });
  await phase(worker, "LOOP_PHASE_CLOSED");
  await expect(worker.matter).toContainText("Asiaa hoidetaan jo.");
});

test("a client known by name alone is found by it, and a plan begun from the concern is theirs", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), worker = await comes("ps-21");
  const who = { nameOnly: true, familyName: "Testinen", givenNames: "Aino", birthDate: "1994-06-03", phone: "0401234567", language: "fi" };
  const form = kela.page.locator("form.step-form");
  await kela.fill(form, { ...consented, nameOnly: true });
  await expect(form.locator('[data-field="code"]')).toHaveCount(0);
  await form.locator("[data-next]").click();
  await expect(form.locator('[data-field="familyName"]')).toContainText("Kirjoita sukunimi.");
  await kela.go("/new/concern");
  const subject = await begin(kela, "concern", {
    ...reported, ...who, receiver: { ...county, ...adults }, topics: ["TOPIC_HOMELESSNESS"], description: "Yöpyy tuttavien luona.",
    urgency: "URGENCY_NORMAL",
  });
  await worker.open(subject);
  const named = worker.page.locator('[data-reveal="client"]');
  await named.getByRole("button").click();
  for (const said of ["Aino Testinen", "3.6.1994", "0401234567"]) await expect(named).toContainText(said);
  await worker.take("TakeConcern");
  await worker.begin("plan");
  const plan = worker.page.locator("form.step-form");
  await worker.fill(plan, consented);
  await worker.send(plan);
  await subjectOf(worker.page);
  await worker.take("AddGoal", { text: "Haluan oman avaimen.", setBy: "client" });
  await expect(worker.summary).toContainText("Luonnos");
  await worker.take("StartPlan");
  await expect(worker.phase).toContainText("voimassa");
  await named.getByRole("button").click();
  await expect(named).toContainText("Aino Testinen");
});
