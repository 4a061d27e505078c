import { randomUUID } from "node:crypto";

import { accessible } from "./accessible";
import { adults, county, earlier, phase } from "./begin";
import { ordinary } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { pictures } from "./pictures";

// Steps of a consultation and a plan that no scenario covers.

const youthWork = { agency: "etsiva-kuopio", unit: "etsiva" };

// ask sends Kela's question to a unit of two workers, without a named client, through the API.
async function ask(koppi: Koppi): Promise<string> {
  interface Opened { consultation: { consultationId: string } }
  const { consultation } = await koppi.call<Opened>("kela-17", "consultation.v1.ConsultationService/OpenConsultation", {
    requestId: randomUUID(), addressee: { ...county, ...adults },
    basis: { ground: "LEGAL_GROUND_NO_PERSONAL_DATA", provision: "703/2023 § 31" }, topic: "Vuokravakuus",
    question: "Milloin vakuus kuuluu teille?", urgency: "URGENCY_NORMAL",
  });
  return `consultations/${consultation.consultationId}`;
}

test("a question is passed to another worker, a third agency is called in, and the asker closes it", long, async ({ koppi, comes }) => {
  const subject = await ask(koppi), kela = await comes("kela-17"), worker = await comes("ps-21"), other = await comes("ps-33");
  const youth = await comes("en-03");
  await kela.open(subject, "consultations");
  await worker.open(subject, "consultations");
  await worker.take("TakeConsultation");
  await other.page.locator('.rooms a[href="/consultations"]').click();
  await other.page.locator('[data-queue="me"]').click();
  await expect(other.row(subject)).toHaveCount(0);
  // The other's own list, read before the change, is read again when it is chosen.
  await other.page.locator('[data-queue="unit"]').click();
  await expect(other.row(subject)).toBeVisible();
  await worker.take("ReassignConsultation", { to: { worker: "ps-33" }, reason: "Hän tuntee vuokra-asiat." });
  await expect(kela.summary).toContainText("Outi Ohjaaja");
  await other.open(subject, "consultations", "me");
  await other.matter.locator("[data-timeline]").click();
  await expect(other.matter).toContainText("Hän tuntee vuokra-asiat.");
  await worker.page.locator('[data-queue="me"]').click();
  await expect(worker.row(subject)).toHaveCount(0);
  await youth.page.locator('.rooms a[href="/consultations"]').click();
  await expect(youth.page.locator(".list > p.quiet")).toBeVisible();
  await other.take("InviteParticipant", { participant: youthWork, ground: "anonymous" });
  await expect(kela.matter).toContainText("Etsivä nuorisotyö");
  await expect(youth.page.locator("button.fresh")).toContainText("1 uusi");
  await youth.open(subject, "consultations");
  await expect(youth.matter).toContainText("Milloin vakuus kuuluu teille?");
  await youth.matter.locator("#message").fill("Nuorelle vakuuden saa myös meiltä.");
  await youth.matter.locator("form.compose [data-send=message]").click();
  await expect(other.matter).toContainText("Nuorelle vakuuden saa myös meiltä.");
  await kela.take("CloseConsultation", { ledTo: "nothing" });
  for (const who of [other, youth]) {
    await phase(who, "LOOP_PHASE_CLOSED");
    await expect(who.matter.locator("#message")).toHaveCount(0);
  }
});

test("a question about the wrong person is emptied at both, and each sees who has seen to its copy", long, async ({ koppi, comes }) => {
  const subject = await ask(koppi), kela = await comes("kela-17"), worker = await comes("ps-21");
  await kela.open(subject, "consultations");
  await worker.open(subject, "consultations");
  await kela.take("RevokeConsultation", { reason: "Väärä henkilö." });
  for (const who of [kela, worker]) {
    await expect(who.matter).toContainText("Väärä henkilö.");
    await expect(who.matter).not.toContainText("Milloin vakuus kuuluu teille?");
  }
  await expect(kela.matter).toContainText("ei vielä kuitattu");
  await worker.take("AcknowledgeRevocation", {});
  await expect(kela.matter).toContainText("kuitattu 23.11.2026");
});

test("a plan goes on: tasks change hands, two change a goal, it is reviewed, and responsibility is declined", async ({ koppi, comes }) => {
  const { plan } = await ordinary(koppi), worker = await comes("ps-21"), nurse = await comes("tk-02");
  await worker.open(plan, "plans");
  await nurse.open(plan, "plans");
  await worker.take("OfferResponsibility", {
    unit: "terveys-pohjois-savo/terveysasema-kuopio", worker: "tk-02", reason: "Hoito on pääasia.",
  });
  await expect(nurse.matter.locator("[data-offered]")).toBeVisible();
  await nurse.take("DeclineResponsibility", { reason: "Hoitosuhde päättyy." });
  await expect(worker.matter.locator("[data-answering]")).not.toContainText("tarjottu");
  await expect(worker.summary).toContainText("Saara Sosiaali");
  await worker.matter.locator("[data-timeline]").click();
  await expect(worker.matter.locator('[data-event="ResponsibilityDeclined"]')).toContainText("Hoitosuhde päättyy.");
  await nurse.take("PlanContact", { at: "2026-11-24T10:00" });
  const contacts = worker.matter.locator('section[aria-labelledby="plan-contacts"]');
  await expect(contacts).toContainText("24.11.2026 10.00 Niina Hoitaja");
  // A worker cannot withdraw another agency's planned contact.
  await worker.press("PlanContact");
  const planned = worker.matter.locator("form.step-form");
  await expect(planned.locator('[data-field="at"]')).toBeVisible();
  await expect(planned.locator('[data-field="takeBack"]')).toHaveCount(0);
  await planned.locator("[data-cancel]").click();
  await nurse.take("PlanContact", { takeBack: true });
  await expect(contacts).not.toContainText("Niina Hoitaja");
  await nurse.take("ReassignAction", { unit: "hva-pohjois-savo/tyoikaiset-kuopio", worker: "ps-21" });
  await expect(worker.matter.locator(".owner h4")).toContainText("Saara Sosiaali");
  // Two workers change one goal at once, and neither text is lost.
  await worker.press("UpdateGoal");
  const form = worker.page.locator("form.step-form");
  await worker.fill(form, { text: "Haluan nukkua yöt." });
  await nurse.take("UpdateGoal", { text: "Haluan jaksaa viedä lapsen päiväkotiin." });
  await form.locator("[data-send]").click();
  const conflict = worker.matter.locator("[data-conflict]");
  await expect(conflict.locator("[data-theirs]")).toContainText("Haluan jaksaa viedä lapsen päiväkotiin.");
  await conflict.locator('[data-keep="mine"]').click();
  await expect(nurse.matter.locator(".goal-text")).toHaveText("Haluan nukkua yöt.");
  await nurse.take("ScheduleReview", { nextReviewAt: "2027-01-15" });
  await expect(worker.summary).toContainText("15.1.");
  await nurse.take("StartReview");
  await expect(worker.summary).toContainText("Suunnitelmaa tarkistetaan");
  await worker.take("CompleteReview", { summary: "Uni on parempaa.", nextReviewAt: "2027-02-26" });
  await expect(nurse.summary).toContainText("26.2.");
});

test("an invitation is declined, a member leaves, and what was entered in error reaches who had left", long, async ({ koppi, comes }) => {
  const { plan } = await ordinary(koppi), worker = await comes("ps-21"), nurse = await comes("tk-02"), youth = await comes("en-03");
  await worker.open(plan, "plans");
  await worker.take("InviteMember", { ...earlier, party: youthWork, ground: "shl-39-3/earlier" });
  await youth.open(plan, "plans");
  await expect(youth.matter.locator("[data-invited]")).toBeVisible();
  await youth.take("DeclineInvitation", { reason: "Emme tunne asiakasta." });
  const members = worker.matter.locator(".members");
  await expect(members).toContainText("ei tullut mukaan 23.11.2026");
  await nurse.open(plan, "plans");
  await expect(nurse.step("LeavePlan")).toHaveCount(0);
  await nurse.take("ReassignAction", { unit: "hva-pohjois-savo/tyoikaiset-kuopio" });
  await nurse.take("LeavePlan", { reason: "Asiakas siirtyi muualle." });
  await expect(members).toContainText("poistunut 23.11.2026");
  await expect(nurse.row(plan)).toHaveCount(0);
  await worker.take("RevokePlan", { reason: "Väärä henkilö." });
  for (const who of [worker, nurse]) {
    await expect(who.matter).toContainText("Merkitty virheelliseksi");
    await expect(who.matter).not.toContainText("Haluan nukkua yöt");
  }
  await nurse.take("AcknowledgeRevocation", {});
  await expect(worker.matter).toContainText("poistettu 23.11.2026");
});

test("who was asked asks back: its asker has the question first, and the turn until the reply", long, async ({ koppi, comes }) => {
  const subject = await ask(koppi), worker = await comes("ps-21"), kela = await comes("kela-17");
  await kela.open(subject, "consultations");
  await worker.open(subject, "consultations");
  await worker.take("TakeConsultation");
  // What is being found out gives nobody the turn.
  const theirs = worker.matter.locator("#message"), mine = kela.matter.locator("#message"), asked = kela.matter.locator("[data-asked]");
  await theirs.fill("Selvitän tätä.");
  await worker.matter.locator("[data-send=message]").click();
  await expect(kela.matter).toContainText("Selvitän tätä.");
  await expect(worker.summary).toContainText("Kysymys on otettu hoitoon");
  await expect(asked).toHaveCount(0);
  // The asker is writing when the question comes, and goes on where the text is.
  await mine.click();
  await mine.pressSequentially("Kiitos. ");
  await theirs.fill("Onko asiakkaalla vuokrasopimus?");
  await worker.matter.locator("[data-send=question]").click();
  await expect(asked).toContainText("Onko asiakkaalla vuokrasopimus?");
  await expect(asked).toContainText("Sinulta kysytään");
  await expect(mine).toHaveValue("Kiitos. ");
  await expect(mine).toBeFocused();
  for (const who of [worker, kela]) {
    await phase(who, "LOOP_PHASE_WAITING");
    await expect(who.matter.locator(".messages .message.asks")).toContainText("Kysymys kysyjälle");
  }
  await expect(worker.summary).toContainText("Odottaa kysyjää: Kaija Käsittelijä");
  await expect(kela.summary).toContainText("Sinulta on kysytty lisää");
  await expect(kela.row(subject)).toContainText("Odottaa sinua");
  // The field for the reply is under the question, and above the conversation.
  const top = async (part: string) => (await kela.matter.locator(part).boundingBox())!.y;
  expect(await top("[data-asked]")).toBeLessThan(await top("#message"));
  expect(await top("#message")).toBeLessThan(await top(".messages"));
  await expect(kela.matter.locator("[data-send]")).toHaveText("Vastaa");
  await pictures(kela.page, "consultation-asked");
  await worker.matter.locator("[data-send=message]").focus();
  await pictures(worker.page, "consultation-asking");
  for (const { page } of [kela, worker]) {
    await accessible(page);
  }
  await mine.click();
  await mine.pressSequentially("On, toistaiseksi.");
  await kela.matter.locator("[data-send]").click();
  await expect(asked).toHaveCount(0);
  await expect(mine).toBeFocused();
  await expect(worker.matter).toContainText("On, toistaiseksi.");
  for (const who of [worker, kela]) await phase(who, "LOOP_PHASE_TAKEN");
  // After the answer the asker is asked once more: then the reply is primary, not the end.
  await theirs.fill("Vakuus kuuluu meille.");
  await worker.matter.locator("[data-send=answer]").click();
  await expect(kela.summary).toContainText("Vastattu");
  await theirs.fill("Milloin muutto on?");
  await worker.matter.locator("[data-send=question]").click();
  await expect(asked).toContainText("Milloin muutto on?");
  await expect(kela.matter.locator(".fi-button:not([class*=secondary], [class*=inverted], .fi-button--icon-only)")).toHaveText("Vastaa");
  await kela.matter.locator("[data-timeline]").click();
  await expect(kela.matter.locator('[data-event="MessagePosted"]').filter({ hasText: "Kysyy kysyjältä" })).toHaveCount(2);
});
