import { randomUUID } from "node:crypto";

import { accessible } from "./accessible";
import { adults } from "./begin";
import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { pictures } from "./pictures";

// First contact, triage, working pairs and appointments of a concern, by the forms of their steps.

const desktop = { width: 1366, height: 768 };

const concern = (koppi: Koppi, who: string, step: string, subject: string, rest: object = {}) =>
  koppi.call(who, `concern.v1.ConcernService/${step}`, { requestId: randomUUID(), concernId: subject.split("/")[1], ...rest });

test("a contact says what the client wants, where it guided the client, and what only the own agency reads", long, async ({
  koppi, comes,
}) => {
  const subject = await report(koppi, { unit: adults.unit }), kela = await comes("kela-17"), worker = await comes("ps-21", desktop);
  const { page } = worker, form = page.locator("form.step-form"), field = (name: string) => form.locator(`[data-field="${name}"]`);
  await kela.open(subject, "sent");
  await worker.open(subject);
  await worker.take("TakeConcern");
  await worker.press("RecordContactAttempt");
  await worker.fill(form, { result: "CONTACT_RESULT_NOT_REACHED" });
  await expect(field("will")).toHaveCount(0);
  await worker.fill(form, { result: "CONTACT_RESULT_REACHED", will: "CLIENT_WILL_NO" });
  await expect(field("willNo")).toContainText("Asia ei pääty");
  await worker.fill(form, { will: "CLIENT_WILL_UNSURE", mode: "CONTACT_MODE_HOME_VISIT", note: "Ei tiedä, haluaako tavata." });
  // Guidance without what it is for is not sent.
  await form.locator("[data-add-guidance]").click();
  const guided = field("guidedTo").locator(".guided-entry");
  await worker.tick(guided.first().locator('input[value="other"]'));
  await guided.first().getByLabel("Minne, esimerkiksi järjestö").fill("Takuusäätiö");
  await form.locator("[data-send]").click();
  await expect(field("guidedTo")).toContainText("Kerro, minne ohjasit asiakkaan ja mitä varten.");
  await guided.first().getByLabel("Mitä varten").fill("Velkalinja neuvoo, asiakas 010594Y9032.");
  await form.locator("[data-send]").click();
  await expect(field("guidedTo")).toContainText("Tekstissä on henkilötunnus");
  await guided.first().getByLabel("Mitä varten").fill("Velkalinja neuvoo veloissa.");
  await form.locator("[data-add-guidance]").click();
  await guided.last().getByRole("button", { name: /Viranomainen/ }).click();
  await page.getByRole("option", { name: "Kansaneläkelaitos" }).click();
  await guided.last().getByLabel("Mitä varten").fill("Hae perustoimeentulotukea jo tänään.");
  await pictures(page, "intake-contact");
  await accessible(page);
  await worker.send(form);
  const event = worker.matter.locator('[data-event="ContactAttempted"]');
  for (const said of [
    "kotikäynti", "ei ole varma", "Ei tiedä, haluaako tavata.", "Takuusäätiö: Velkalinja neuvoo veloissa.",
    "Kansaneläkelaitos: Hae perustoimeentulotukea jo tänään.",
  ]) await expect(event).toContainText(said);
  await expect(kela.matter.locator('[data-event="ContactAttempted"]')).toBeVisible();
  for (const own of ["Ei tiedä, haluaako tavata.", "Velkalinja"]) await expect(kela.matter).not.toContainText(own);
});

test("the four-field proposes a need, which the worker decides, and a lowered urgency has a reason", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit, urgency: "URGENCY_URGENT" }), worker = await comes("ps-21", desktop);
  const { page } = worker, form = page.locator("form.step-form"), field = (name: string) => form.locator(`[data-field="${name}"]`);
  await worker.open(subject);
  await worker.take("ReceiveConcern");
  await worker.press("TriageConcern");
  const need = field("supportNeed").locator("input:checked");
  await worker.fill(form, { fourField: "HIGH_LOW" });
  await expect(need).toHaveValue("SUPPORT_NEED_NETWORK");
  await worker.fill(form, { fourField: "HIGH_HIGH" });
  await expect(need).toHaveValue("SUPPORT_NEED_SPECIAL");
  // What the worker has chosen stays.
  await worker.fill(form, { supportNeed: "SUPPORT_NEED_NETWORK" });
  await worker.fill(form, { fourField: "LOW_HIGH" });
  await expect(need).toHaveValue("SUPPORT_NEED_NETWORK");
  await worker.fill(form, { urgency: "URGENCY_NORMAL", track: "TRACK_SOCIAL_COUNSELLING" });
  await form.locator("[data-send]").click();
  await expect(field("reason")).toContainText("Kirjoita perustelu.");
  await expect(field("reason")).toContainText("Asiakasta ei ole vielä tavoitettu.");
  await pictures(page, "intake-triage");
  await accessible(page);
  await worker.fill(form, { reason: "Vuokranantaja odottaa tammikuuhun." });
  await worker.send(form);
  const event = worker.matter.locator('[data-event="ConcernTriaged"]');
  for (const said of [
    "Vuokranantaja odottaa tammikuuhun.", "Verkostopalaveri", "Tuen määrä: vähän; Avun hakeminen ja saaminen itse: vaikeaa",
  ]) await expect(event).toContainText(said);
});

test("a working pair begins, the matter is with both, and it ends", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), other = await comes("ps-33");
  const { page } = worker, form = page.locator("form.step-form");
  await concern(koppi, "ps-21", "TakeConcern", subject);
  await worker.open(subject);
  await worker.press("SetSecondWorker");
  await expect(form).toContainText("Asiasta vastaa edelleen Saara Sosiaali");
  await form.locator("[data-send]").click();
  await expect(form).toContainText("Valitse: työpari.");
  await pictures(page, "intake-pair");
  await accessible(page);
  await worker.fill(form, { worker: "ps-33" });
  await worker.send(form);
  await expect(worker.matter.locator('[data-event="SecondWorkerSet"]')).toContainText("Outi Ohjaaja");
  await other.open(subject, "work", "me");
  await worker.press("SetSecondWorker");
  await form.locator("button[aria-haspopup=listbox]").click();
  await page.getByRole("option", { name: "Ei työparia" }).click();
  await worker.send(form);
  await expect(worker.matter.locator('[data-event="SecondWorkerSet"]').last()).toContainText("Työparityö päättyi");
  // From a worker it is passed on with a reason, and by a triage too.
  await worker.press("ReassignConcern");
  await worker.fill(form, { to: adults });
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="reason"]')).toContainText("Asia on jo työntekijällä.");
  await expect(form.locator('[data-field="reason"] .fi-status-text--error')).toBeVisible();
});

test("a concern reported again and again ends as not reached with a note only, as the form says", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit });
  await concern(koppi, "ps-21", "TakeConcern", subject);
  await concern(koppi, "ps-21", "CloseConcern", subject, { outcome: "OUTCOME_CLIENT_NOT_REACHED" });
  const again = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  const form = page.locator("form.step-form"), note = form.locator('[data-field="note"]');
  let asked = 0;
  page.on("request", (request) => { if (request.url().endsWith("/CloseConcern")) asked += 1; });
  await concern(koppi, "ps-21", "TakeConcern", again);
  await worker.open(again);
  await worker.press("CloseConcern");
  await worker.fill(form, { outcome: "OUTCOME_GUIDED" });
  await expect(note).not.toContainText("ilmoitettu toistuvasti");
  await worker.fill(form, { outcome: "OUTCOME_CLIENT_NOT_REACHED" });
  await expect(note).toContainText("Asiakkaasta on ilmoitettu toistuvasti.");
  await form.locator("[data-send]").click();
  await expect(note).toContainText("Kirjaa, mitä on yritetty");
  await pictures(page, "intake-close");
  await accessible(page);
  expect(asked).toBe(0);
  await worker.fill(form, { note: "Kolme puhelua, kirje. Ovi on auki: palveluohjauksen numero jätetty." });
  await worker.send(form);
  await expect(worker.matter.locator('[data-event="ConcernClosed"]')).toContainText("Kolme puhelua, kirje.");
});
