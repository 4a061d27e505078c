import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { adults } from "./begin";
import { attested, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";
import { pictures } from "./pictures";

// The intake card: what a receiver does first with a concern, in few clicks.

const desktop = { width: 1366, height: 768 };

const concern = (koppi: Koppi, who: string, step: string, subject: string, rest: object = {}) =>
  koppi.call(who, `concern.v1.ConcernService/${step}`, { requestId: randomUUID(), concernId: subject.split("/")[1], ...rest });
const part = (who: Person, name: string) => who.matter.locator(`[data-card-form="${name}"]`);
const saved = (who: Person, step: string) => who.matter.locator(`[data-saved="${step}"]`);

// count counts the clicks from now on; a click on a label makes one on its input.
const count = (page: Page) => page.evaluate(() => {
  const counted = window as { clicks?: number };
  if (counted.clicks === undefined) addEventListener("pointerdown", () => { counted.clicks! += 1; }, true);
  counted.clicks = 0;
});
async function clicked(page: Page, what: string) {
  const clicks = await page.evaluate(() => (window as { clicks?: number }).clicks ?? 0);
  test.info().annotations.push({ type: "clicks", description: `${what}: ${clicks}` });
  console.log(`clicks of ${what}: ${clicks}`);
  return clicks;
}

test("contact, triage and passing on take at most six clicks each, and the first contact receives", async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: "palveluohjaus" });
  await koppi.knows("ps-33");
  const guide = await comes("ps-04", desktop), { page } = guide;
  await guide.open(subject);
  const contact = part(guide, "contact"), triage = part(guide, "triage"), pass = part(guide, "pass");
  await expect(contact).toContainText("Ilmoitus merkitään samalla vastaanotetuksi.");
  await expect(contact.locator("[data-save]")).toBeInViewport({ ratio: 1 });
  await expect(triage).toHaveCount(0);
  await pictures(page, "card-contact");
  await accessible(page);
  const pick = (form: typeof contact, field: string, value: string) =>
    form.locator(`[data-field="${field}"] label`).filter({ hasText: value }).first().click();
  await count(page);
  await pick(contact, "result", "asiakas tavoitettiin");
  await pick(contact, "will", "haluaa apua");
  await contact.locator("[data-save]").click();
  await expect(saved(guide, "RecordContactAttempt")).toBeFocused();
  expect(await clicked(page, "contact")).toBeLessThanOrEqual(6);
  await expect(guide.phase).toContainText(guide.word("LOOP_PHASE_RECEIVED"));
  await expect(guide.matter.locator('[data-event="ConcernReceived"]')).toBeVisible();
  await expect(guide.matter.locator('[data-event="ContactAttempted"]')).toContainText("haluaa apua");
  // Its judgement follows.
  await expect(triage).toBeVisible();
  await pictures(page, "card-triage");
  await accessible(page);
  await count(page);
  await pick(triage, "urgency", "Kiireellinen");
  await pick(triage, "fourField", "Tuen määrä: paljonAvun hakeminen ja saaminen itse: onnistuu");
  await expect(triage.locator('[data-field="supportNeed"] input:checked')).toHaveValue("SUPPORT_NEED_NETWORK");
  await pick(triage, "track", "sosiaaliohjaus");
  await triage.locator("[data-save]").click();
  await expect(saved(guide, "TriageConcern")).toBeFocused();
  expect(await clicked(page, "triage")).toBeLessThanOrEqual(6);
  await expect(pass).toBeVisible();
  await pictures(page, "card-pass");
  await accessible(page);
  await count(page);
  await pass.getByRole("button", { name: /Työntekijä/ }).click();
  await page.getByRole("option", { name: /^Outi Ohjaaja/ }).click();
  await pass.locator("[data-save]").click();
  await expect(saved(guide, "ReassignConcern")).toBeFocused();
  expect(await clicked(page, "passing on")).toBeLessThanOrEqual(6);
  await expect(guide.summary).toContainText("Outi Ohjaaja");
});

test("who takes a concern first finds contact and triage in the card until both are recorded", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit, urgency: "URGENCY_URGENT" }), worker = await comes("ps-21", desktop);
  await worker.open(subject);
  await worker.take("TakeConcern");
  await expect(part(worker, "contact")).toBeVisible();
  await expect(worker.matter.locator("[data-part]")).toHaveCount(2);
  await pictures(worker.page, "card-taken");
  await part(worker, "contact").locator('[data-field="result"] label').filter({ hasText: "asiakasta ei tavoitettu" }).first().click();
  await part(worker, "contact").locator("[data-save]").click();
  await expect(saved(worker, "RecordContactAttempt")).toBeVisible();
  await part(worker, "triage").locator('[data-field="urgency"] label').filter({ hasText: "Kiireellinen" }).first().click();
  await part(worker, "triage").locator("[data-save]").click();
  await expect(saved(worker, "TriageConcern")).toBeVisible();
  await expect(worker.matter.locator("[data-part]")).toHaveCount(0);
});

test("the card is used by the keyboard alone, and fits a small phone", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit, basis: attested, topics: ["TOPIC_CHILD_IN_FAMILY"] });
  const worker = await comes("ps-21", { width: 360, height: 740 }), { page } = worker;
  await worker.go(`/work/${subject}`);
  const contact = part(worker, "contact");
  await expect(contact).toBeVisible();
  const wider = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await wider()).toBeLessThanOrEqual(0);
  await contact.locator('[data-field="result"] input').first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await expect(contact.locator('input[value="CONTACT_RESULT_REACHED"]')).toBeChecked();
  await contact.locator("[data-contact-more]").focus();
  await page.keyboard.press("Enter");
  await contact.locator('[data-field="note"] textarea').fill("Äiti soitti takaisin.");
  expect(await wider()).toBeLessThanOrEqual(0);
  await pictures(page, "card-phone-details");
  await contact.locator("[data-save]").focus();
  await page.keyboard.press("Enter");
  await expect(saved(worker, "RecordContactAttempt")).toBeFocused();
  await expect(worker.matter.locator('[data-event="ContactAttempted"]')).toContainText("Äiti soitti takaisin.");
  // A report about a family says what a child welfare notification is for.
  await expect(part(worker, "triage")).toContainText("Lastensuojeluilmoitus tehdään lapsesta.");
  expect(await wider()).toBeLessThanOrEqual(0);
  await worker.matter.locator('[data-part="pass"] button').focus();
  await page.keyboard.press("Enter");
  await expect(part(worker, "pass")).toBeVisible();
  for (const language of ["Svenska", "English"]) {
    await page.getByRole("button", { name: language }).click();
    expect(await wider()).toBeLessThanOrEqual(0);
  }
});

test("a lost answer leaves the card to be saved again, once", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  await worker.open(subject);
  const contact = part(worker, "contact");
  await worker.fill(contact, { result: "CONTACT_RESULT_NOT_REACHED" });
  await page.route("**/RecordContactAttempt", (route) => route.abort(), { times: 1 });
  await contact.locator("[data-save]").click();
  await expect(contact.locator(".problem")).toBeVisible();
  await expect(worker.phase).toContainText(worker.word("LOOP_PHASE_RECEIVED"));
  await contact.locator("[data-save]").click();
  await expect(saved(worker, "RecordContactAttempt")).toBeVisible();
  await expect(worker.matter.locator('[data-event="ConcernReceived"]')).toHaveCount(1);
  await expect(worker.matter.locator('[data-event="ContactAttempted"]')).toHaveCount(1);
});

test("of a client whom nobody reaches the card says what was tried, and offers what was not", long, async ({ koppi, comes }) => {
  const first = await report(koppi, { unit: adults.unit });
  await concern(koppi, "ps-21", "TakeConcern", first);
  await concern(koppi, "ps-21", "CloseConcern", first, { outcome: "OUTCOME_CLIENT_NOT_REACHED" });
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  await concern(koppi, "ps-21", "ReceiveConcern", subject);
  await concern(koppi, "ps-21", "RecordContactAttempt", subject, { result: "CONTACT_RESULT_NOT_REACHED", mode: "CONTACT_MODE_PHONE" });
  await worker.open(subject);
  const ladder = worker.matter.locator("[data-ladder]"), rung = (name: string) => ladder.locator(`[data-rung="${name}"]`);
  await expect(rung("hour")).toContainText("kokeiltu ma 23.11.");
  await expect(rung("message")).toContainText("seuraavaksi");
  await expect(ladder.locator("[data-tried]")).toHaveCount(1);
  await pictures(page, "card-ladder");
  await accessible(page);
  await rung("message").getByRole("button").click();
  const contact = part(worker, "contact");
  await expect(contact.locator('[data-field="nextMode"]')).toContainText("tekstiviesti");
  await worker.fill(contact, { result: "CONTACT_RESULT_NOT_REACHED" });
  await contact.locator("[data-save]").click();
  await expect(worker.matter.locator('[data-event="ContactAttempted"]').last()).toContainText("tekstiviesti");
  await worker.matter.locator('[data-part="contact"]').click();
  await rung("reporter").getByRole("button").click();
  await expect(page.locator("form.step-form")).toContainText("Kysymys");
  await expect(contact).toHaveCount(0);
});

test("an appointment says when it is, and then whether the client came", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  await concern(koppi, "ps-21", "TakeConcern", subject);
  await worker.open(subject);
  await worker.take("ScheduleAppointment", { at: "2026-11-24T10:00", place: "Sosiaalitoimisto" });
  const card = worker.matter.locator("[data-appointment]");
  await expect(card).toContainText("Varattu aika: ti 24.11. klo 10, Sosiaalitoimisto");
  await expect(card.getByRole("button")).toHaveCount(0);
  await koppi.advance("2026-11-24T08:30:00Z");
  await page.reload();
  await expect(card.locator("[data-came-not]")).toHaveText("Ei tullut");
  await pictures(page, "card-appointment");
  await accessible(page);
  await card.locator("[data-came-not]").click();
  await expect(saved(worker, "RecordAppointmentResult")).toBeFocused();
  await expect(card).toHaveCount(0);
  await expect(worker.matter.locator('[data-event="AppointmentResultRecorded"]')).toContainText("ei saapunut");
});

test("what was recorded is copied and printed as text, without the client's name and code", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  await concern(koppi, "ps-21", "ReceiveConcern", subject);
  await worker.open(subject);
  const record = worker.matter.locator("[data-record]");
  await expect(part(worker, "contact")).toBeVisible();
  await expect(record).toHaveCount(0);
  await concern(koppi, "ps-21", "RecordContactAttempt", subject, {
    result: "CONTACT_RESULT_REACHED", mode: "CONTACT_MODE_PHONE", clientWill: "CLIENT_WILL_UNSURE", note: "Soitti takaisin.",
    guidedTo: [{ organisation: "Takuusäätiö", what: "Velkalinja neuvoo." }],
  });
  await concern(koppi, "ps-21", "TriageConcern", subject, {
    urgency: "URGENCY_URGENT", supportNeed: "SUPPORT_NEED_NETWORK", track: "TRACK_SOCIAL_COUNSELLING", reason: "Sähköt katkaistu.",
    fourField: { support: "SUPPORT_LEVEL_HIGH", difficulty: "SUPPORT_LEVEL_LOW" },
  });
  // The code is on the page, and not in the text.
  await page.locator('[data-reveal="client"]').getByRole("button").click();
  await expect(page.locator('[data-reveal="client"]')).toContainText("010594Y9032");
  let asked = 0;
  await page.evaluate(() => {
    const kept = window as { copied?: string; printed?: number };
    navigator.clipboard.writeText = async (text) => { kept.copied = text; };
    window.print = () => { kept.printed = (kept.printed ?? 0) + 1; };
  });
  page.on("request", (request) => { if (request.url().includes("/koppi.")) asked += 1; });
  await count(page);
  await record.locator("[data-record-copy]").click();
  await expect(record).toContainText("on kopioitu");
  expect(await clicked(page, "copying")).toBe(1);
  await pictures(page, "card-record");
  const text = await page.evaluate(() => (window as { copied?: string }).copied ?? "");
  expect(text).toMatch(new RegExp(
    "^Huoli-ilmoitus [0-9A-Z]{4}-[0-9A-Z]{4}\nIlmoittaja: Kaija Käsittelijä, .*\n\nYhteydenotto 23.11.2026 9.00, Saara Sosiaali, ",
  ));
  for (const said of [
    "Tulos: asiakas tavoitettiin", "Yhteydenottotapa: puhelu", "Asiakkaan oma kanta: ei ole varma",
    "Ohjattu: Takuusäätiö: Velkalinja neuvoo.",
    "Lisätieto: Soitti takaisin.", "Kiireellisyys: Kiireellinen", "Nelikenttä: Tuen määrä: paljon", "Tuen tarve: Verkostopalaveri",
    "Syy: Sähköt katkaistu.",
  ]) expect(text).toContain(said);
  expect(text).not.toMatch(/\d{6}[-+A-Y]\d{3}|[A-Z]{3,}_/);
  await record.locator("[data-record-print]").click();
  expect(await page.evaluate(() => (window as { printed?: number }).printed)).toBe(1);
  await page.emulateMedia({ media: "print" });
  await expect(page.locator(".record-sheet")).toContainText("Tulos: asiakas tavoitettiin");
  await expect(worker.matter).toBeHidden();
  await page.emulateMedia({ media: null });
  expect(asked, "requests").toBe(0);
});

test("where the browser does not let copy, the text is there to be copied by hand", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21", desktop), { page } = worker;
  await concern(koppi, "ps-21", "TakeConcern", subject);
  await concern(koppi, "ps-21", "RecordContactAttempt", subject, { result: "CONTACT_RESULT_NOT_REACHED" });
  await worker.open(subject);
  await page.evaluate(() => { navigator.clipboard.writeText = async () => { throw new Error("not allowed"); }; });
  await worker.matter.locator("[data-record-copy]").click();
  await expect(worker.matter.locator("[data-record] pre")).toContainText("asiakasta ei tavoitettu");
  await accessible(page);
});
