import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { adults, county } from "./begin";
import { attested, report } from "./cases";
import { expect, languages, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";
import { picture } from "./pictures";

// What the two sides of a concern or a referral ask each other, answer and add.

const phone = { width: 390, height: 844 };
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64",
);
const lease = { name: "kuva1.png", mimeType: "image/png", buffer: png };

const step = <T>(koppi: Koppi, who: string, method: string, body: object) =>
  koppi.call<T>(who, method, { requestId: randomUUID(), ...body });

// moved is an application that Kela moved to the county.
async function moved(koppi: Koppi, urgency = "URGENCY_NORMAL"): Promise<string> {
  const { referral } = await step<{ referral: { referralId: string } }>(koppi, "kela-17", "referral.v1.ReferralService/SendReferral", {
    client: { personalIdentityCode: "010594Y9032", language: "fi" }, receiver: { ...county, ...adults }, basis: { groundKey: "ttl-14c" },
    kind: "REFERRAL_KIND_APPLICATION_TRANSFER", urgency, reason: "Vuokravakuus, hakemus 23.11.",
  });
  return `referrals/${referral.referralId}`;
}

const concernStep = (koppi: Koppi, who: string, name: string, subject: string, body: object = {}) =>
  step(koppi, who, `concern.v1.ConcernService/${name}`, { concernId: subject.split("/")[1], ...body });
const referralStep = (koppi: Koppi, who: string, name: string, subject: string, body: object = {}) =>
  step(koppi, who, `referral.v1.ReferralService/${name}`, { referralId: subject.split("/")[1], ...body });

const thread = (who: Person) => who.matter.locator("[data-thread]");
const waiting = (who: Person) => thread(who).locator("[data-waits=own]");
const answer = (who: Person) => thread(who).locator("[data-card-form=answer]");
const sideways = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// tall takes a picture of a page whose panes scroll.
async function tall(page: Page, name: string) {
  if (!process.env.PICTURES) return;
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: before.width, height: 1700 });
  await picture(page, name);
  await page.setViewportSize(before);
}

// looked examines an open matter in each language, on a desktop and on small phones.
async function looked(page: Page, name: string) {
  const before = page.viewportSize()!;
  for (const [language, called] of Object.entries(languages)) {
    await page.getByRole("button", { name: called }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", language);
    await accessible(page, `${name} in ${language}`);
    for (const width of [1280, 390, 360]) {
      await page.setViewportSize({ width, height: 844 });
      await expect.poll(() => sideways(page), { message: `${name} in ${language} at ${width} px` }).toBeLessThanOrEqual(0);
      if (width !== 360) await tall(page, `${name}-${language}-${width}`);
    }
    await page.setViewportSize(before);
  }
  await page.getByRole("button", { name: "Suomi" }).click();
}

test("a lease is asked for, photographed and sent from a phone; both pages say what is missing", async ({ koppi, comes }) => {
  const subject = await moved(koppi), worker = await comes("ps-21"), kela = await comes("kela-17", phone);
  await worker.open(subject);
  await worker.press("RequestInformation");
  const form = worker.page.locator("form.step-form");
  // Three working days are proposed.
  await expect(form.locator('[data-field="due"] input').first()).toHaveValue("26.11.2026");
  // Words or documents: a request for nothing is not sent.
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="question"]')).toContainText("Kirjoita kysymys tai valitse asiakirja.");
  await worker.fill(form, { papers: ["lease", "payslip"] });
  await expect(form.locator('[data-field="question"]')).not.toContainText("Kirjoita kysymys");
  await looked(worker.page, "thread-asking");
  await worker.send(form);
  await expect(thread(worker).locator("[data-waits=other]")).toContainText("vuokrasopimus, palkkalaskelma");
  await expect(thread(worker).locator("[data-due]")).toContainText("to 26.11.");
  // It waits, and nobody has taken it.
  await expect(worker.phase).toContainText(worker.word("LOOP_PHASE_WAITING"));
  await expect(worker.page.locator(".phase-line .done")).toHaveCount(2);

  await kela.go(`/sent/${subject}`);
  await expect(waiting(kela)).toContainText("Pohjois-Savon hyvinvointialue kysyi");
  await expect(waiting(kela).locator("[data-due]")).toContainText("to 26.11.");
  const places = answer(kela).locator("[data-field^=paper-]");
  await expect(places).toHaveCount(2);
  const place = places.first(), input = place.locator("input[type=file]:not([capture])");
  await expect(place.getByText("Vuokrasopimus", { exact: true })).toBeVisible();
  // A phone offers its camera for it, and its files.
  await expect(input).toHaveAttribute("accept", "image/*,application/pdf");
  await expect(place.getByRole("button", { name: "Ota kuva: vuokrasopimus" })).toBeVisible();
  await expect(place.locator("input[capture=environment]")).toHaveAttribute("accept", "image/*");
  await expect(kela.step("ProvideInformation")).toHaveCount(0);
  // Nothing is not an answer.
  await answer(kela).locator("[data-save]").click();
  await expect(answer(kela).locator('[data-field="answer"]')).toContainText("Kirjoita vastaus tai lisää asiakirja.");
  await looked(kela.page, "thread-answering");
  const started = kela.page.waitForRequest((request) => request.url().endsWith("/StartUpload"));
  await place.locator("input[capture]").setInputFiles(lease);
  expect((await started).postDataBuffer()!.toString("latin1")).toContain("lease");
  await expect(place.locator(".attachments")).toContainText("kuva1.png");
  await expect(answer(kela).locator("[data-still-missing]")).toContainText("Puuttuu vielä: palkkalaskelma.");
  await kela.page.reload();
  await expect(place.locator(".attachments")).toContainText("kuva1.png");
  await tall(kela.page, "thread-photographed-390");
  await answer(kela).locator("[data-save]").click();
  await expect(thread(kela).locator("[data-answered]")).toBeFocused();
  // Answered, it folds to a line that says what is missing.
  const folded = thread(kela).locator("[data-answered-request]");
  await expect(folded).toContainText("Puuttuu: palkkalaskelma");
  await expect(thread(kela).locator("[data-missing]")).toHaveCount(0);
  await folded.click();
  await expect(thread(kela).locator("[data-missing]")).toHaveText(/Puuttuu: palkkalaskelma$/);
  await expect(thread(kela).locator(".attachments")).toContainText("vuokrasopimus: kuva1.png");

  // For who asked it is open.
  await expect(thread(worker).locator("[data-missing]")).toHaveText(/Puuttuu: palkkalaskelma$/);
  await expect(thread(worker).locator(".attachments")).toContainText("vuokrasopimus: kuva1.png");
  const saved = worker.page.waitForEvent("download");
  await thread(worker).locator("[data-download]").click();
  expect((await saved).suggestedFilename()).toBe("kuva1.png");
  await looked(worker.page, "thread-answered");
  // The worklist says that something came; opening and acting ends it.
  await worker.go("/work");
  await expect(worker.row(subject).locator("[data-news]")).toHaveText("1 uusi tieto");
  await kela.take("AddInformation", { text: "Palkkalaskelma tulee huomenna." });
  await expect(worker.row(subject).locator("[data-news]")).toHaveText("2 uutta tietoa");
  await tall(worker.page, "thread-news-1280");
  await worker.open(subject);
  await expect(thread(worker).locator("[data-added]")).toContainText("Palkkalaskelma tulee huomenna.");
  expect((await worker.matter.innerText()).split("Palkkalaskelma tulee huomenna.").length - 1, "said once").toBe(1);
  await worker.take("AcceptReferral");
  await expect(worker.row(subject).locator("[data-news]")).toHaveCount(0);
});

test("the day that is proposed follows from the urgency; an emergency has an hour and no day", long, async ({ koppi, comes }) => {
  const worker = await comes("ps-21"), form = worker.page.locator("form.step-form"), due = form.locator('[data-field="due"]');
  await worker.open(await moved(koppi, "URGENCY_URGENT"));
  await worker.press("RequestInformation");
  await expect(due.locator("input").first()).toHaveValue("24.11.2026");
  for (const [day, said] of [["2026-11-20", "Päivä on jo mennyt."], ["2026-12-24", "Valitse päivä 30 päivän sisältä."]]) {
    await worker.fill(form, { due: day });
    await worker.page.keyboard.press("Tab");
    await form.locator("[data-send]").click();
    await expect(due).toContainText(said!);
  }
  await form.locator("[data-cancel]").click();
  await worker.open(await moved(koppi, "URGENCY_EMERGENCY"));
  await worker.press("RequestInformation");
  await expect(due).toContainText("tunnin kuluessa");
  await expect(due.locator("input")).toHaveCount(0);
  await worker.fill(form, { question: "Mikä on osoite?" });
  await worker.send(form);
  await expect(thread(worker).locator("[data-due]")).toContainText("ma 23.11. klo 10");
});

test("the client reads which documents were asked for, and which did not come, in no words of others", long, async ({ koppi, comes }) => {
  const subject = await moved(koppi), client = await comes("client", phone);
  await client.becomes("010594Y9032");
  await referralStep(koppi, "ps-21", "RequestInformation", subject, { question: "Onko vuokra maksettu?", papers: ["lease", "payslip"] });
  const { referral } = await koppi.call<{ referral: { informationRequests: { informationRequestId: string }[] } }>(
    "ps-21", "referral.v1.ReferralService/GetReferral", { referralId: subject.split("/")[1] },
  );
  const { informationRequestId } = referral.informationRequests[0]!, { page } = client;
  const unfold = async () => {
    await client.go("/own");
    await page.locator(`[data-situation="${subject}"] [data-fold=more]`).click();
    await page.locator(`[data-situation="${subject}"] [data-fold=happened]`).click();
  };
  await unfold();
  await expect(page.locator("main")).toContainText(
    "Pohjois-Savon hyvinvointialue pyytää: vuokrasopimus, palkkalaskelma. Vastausta odotetaan viimeistään to 26.11.",
  );
  await expect(page.locator("main")).toContainText("Kysyi lisätietoja toiselta viranomaiselta.");
  await referralStep(koppi, "kela-17", "ProvideInformation", subject, { informationRequestId, answer: "Maksettu." });
  await unfold();
  await expect(page.locator("main")).toContainText("ei saanut pyytämäänsä: vuokrasopimus, palkkalaskelma.");
  for (const said of ["Onko vuokra maksettu?", "Maksettu."]) await expect(page.locator("main")).not.toContainText(said);
  expect(await sideways(page)).toBeLessThanOrEqual(0);
});

test("incomplete asks first; while an answer is awaited it is no reason, and after a lapse it is", long, async ({ koppi, comes }) => {
  const subject = await moved(koppi), worker = await comes("ps-21"), { page } = worker, form = page.locator("form.step-form");
  await worker.open(subject);
  await worker.press("DeclineReferral");
  const reason = form.locator('[data-field="reason"]'), incomplete = worker.word("REFERRAL_DECLINE_REASON_INCOMPLETE");
  const choose = async () => {
    await reason.locator("button[aria-haspopup=listbox]").click();
    return page.getByRole("option", { name: incomplete, exact: true });
  };
  await (await choose()).click();
  await expect(form).toHaveAttribute("data-form", "RequestInformationRequest");
  await expect(form.locator('[data-field="why"]')).toContainText("Kysy siksi ensin, mitä puuttuu.");
  await tall(page, "thread-ask-first-1280");
  await worker.fill(form, { question: "Miltä ajalta hakemus on?" });
  await worker.send(form);
  await expect(thread(worker)).toContainText("Miltä ajalta hakemus on?");
  await worker.press("DeclineReferral");
  await expect(await choose()).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(reason).toContainText("Lähettäjältä on kysytty lisätietoja.");
  await form.locator("[data-cancel]").click();

  // The time to answer passes: both pages say so, the answer is still possible, and the matter may be returned.
  const kela = await comes("kela-17", phone);
  await kela.go(`/sent/${subject}`);
  await koppi.advance("2026-11-26T22:01:00Z");
  await expect(waiting(kela).locator("[data-due]")).toContainText("Määräaika meni. Voit vastata vielä.");
  await expect(thread(worker).locator("[data-waits=other] [data-due]")).toContainText("Määräaika meni. Vastaus voi vielä tulla.");
  await expect(kela.matter.locator('[data-event="ReferralOverdue"]').last()).toContainText("Vastausaika meni");
  await looked(kela.page, "thread-lapsed");
  await worker.press("DeclineReferral");
  await expect(await choose()).toBeVisible();
  await page.keyboard.press("Escape");
  await form.locator("[data-cancel]").click();
  // By the keyboard alone.
  const reach = async (what: string) => {
    for (let tabs = 0; tabs < 30; tabs += 1) {
      if (await kela.page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, what)) return;
      await kela.page.keyboard.press("Tab");
    }
    throw new Error(`no tab leads to ${what}`);
  };
  await kela.matter.locator("#matter-title").focus();
  await reach("[data-card-form=answer] textarea");
  await kela.page.keyboard.type("Marraskuulta.");
  await reach("[data-save]");
  await kela.page.keyboard.press("Enter");
  await expect(thread(kela).locator("[data-answered]")).toBeFocused();
  await expect(thread(worker)).toContainText("Marraskuulta.");
});

test("a request that is no longer needed ends at both; a call is an answer without words", long, async ({ koppi, comes }) => {
  const subject = await moved(koppi), worker = await comes("ps-21"), kela = await comes("kela-17", phone);
  await referralStep(koppi, "kela-17", "RequestInformation", subject, { question: "Kuka asiaa hoitaa?" });
  await kela.go(`/sent/${subject}`);
  // The asker's own request has no form of an answer, here or among the actions.
  await expect(thread(kela).locator("[data-waits=other]")).toContainText("Kuka asiaa hoitaa?");
  await expect(answer(kela)).toHaveCount(0);
  await expect(kela.matter.locator(".actions .fi-button").filter({ hasText: kela.word("ProvideInformation") })).toHaveCount(0);
  await worker.open(subject);
  await expect(waiting(worker)).toContainText("Kuka asiaa hoitaa?");
  await tall(worker.page, "thread-receiver-asked-1280");
  const call = worker.step("CallUs");
  await call.click();
  await worker.send(worker.page.locator("form.step-form"));
  await expect(thread(kela).locator("[data-answered-request]")).toContainText("Pohjois-Savon hyvinvointialue pyytää soittamaan");
  await expect(thread(kela).locator("[data-call]")).toBeVisible();
  await tall(kela.page, "thread-call-390");

  await kela.take("RequestInformation", { question: "Entä päätös?" });
  await expect(waiting(worker)).toContainText("Entä päätös?");
  await kela.step("NoLongerNeeded").click();
  await kela.send(kela.page.locator("form.step-form"));
  await expect(thread(kela).locator("[data-answered]")).toContainText("Kysymys on päätetty.");
  await expect(waiting(worker)).toHaveCount(0);
  await expect(thread(worker).locator("[data-answered-request]").last()).toContainText("Vastausta ei enää tarvita");
});

test("a report that may say no words has no field for them, and says why", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit, basis: attested, topics: ["TOPIC_RENT_ARREARS"] });
  const kela = await comes("kela-17", phone), form = kela.page.locator("form.step-form");
  await kela.go(`/sent/${subject}`);
  await expect(kela.step("RequestInformation")).toHaveCount(0);
  await kela.press("AddInformation");
  await expect(form.locator('[data-field="noWords"]')).toContainText("ei saa lisätä tekstiä eikä liitteitä");
  await expect(form.locator("textarea, input[type=file]")).toHaveCount(0);
  await expect(form.locator('input[value="TOPIC_RENT_ARREARS"]')).toHaveCount(0);
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="topics"]')).toContainText("Valitse uusi aihe tai kiireellisyys.");
  await looked(kela.page, "thread-no-words");
  await kela.fill(form, { topics: ["TOPIC_VIOLENCE_OR_THREAT"], urgency: "URGENCY_URGENT" });
  await kela.send(form);
  await expect(thread(kela)).toContainText(`Uudet aiheet: ${kela.word("TOPIC_VIOLENCE_OR_THREAT")}`);
  await expect(thread(kela)).toContainText("Kiireellisyys nyt: Kiireellinen");

  // Words are for a consent.
  const told = await report(koppi, { code: "140391-9021", unit: adults.unit });
  await kela.go(`/sent/${told}`);
  await kela.press("AddInformation");
  await kela.fill(form, { text: "Sähköt katkaistaan perjantaina.", papers: ["invoice"] });
  await expect(form.locator('[data-field="noWords"]')).toHaveCount(0);
  await form.locator('[data-field="paper-invoice"] input[type=file]:not([capture])').setInputFiles(lease);
  await expect(form.locator('[data-field="paper-invoice"] .attachments')).toContainText("kuva1.png");
  await looked(kela.page, "thread-adding");
  await kela.send(form);
  await expect(thread(kela).locator("[data-added]")).toContainText("lasku: kuva1.png");
});

test("to a reporter that hears its fate alone, a question tells nothing and the answer is a call", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit }), worker = await comes("ps-21"), kela = await comes("kela-17", phone);
  const consented = { groundKey: "shl-35-1", consentedAt: "2026-11-23T06:55:00Z", feedbackConsentedAt: "2026-11-23T06:55:00Z" };
  const heard = await report(koppi, { code: "140391-9021", unit: adults.unit, basis: consented });
  const form = worker.page.locator("form.step-form");
  await concernStep(koppi, "ps-21", "TakeConcern", heard);
  await concernStep(koppi, "kela-17", "RequestInformation", heard, { question: "Miten hän voi?" });
  await worker.open(heard);
  await expect(answer(worker)).toBeVisible();
  await worker.press("RequestInformation");
  await expect(form.locator('[data-field="question"]')).toBeVisible();
  await expect(form.locator('[data-field="silent"]')).toHaveCount(0);
  await form.locator("[data-cancel]").click();
  // The client says no: what was asked before is answered by a call.
  await concernStep(koppi, "ps-21", "RecordFeedbackConsent", heard, { consented: false });
  await expect(waiting(worker)).toContainText("Voit vastata vain pyynnöllä soittaa.");
  await expect(answer(worker)).toHaveCount(0);
  await worker.press("RequestInformation");
  await expect(form.locator('[data-field="silent"]')).toHaveText("Ilmoittaja näkee kysymyksen. Älä kerro, mitä tiedät.");
  await looked(worker.page, "thread-silent");
  await form.locator("[data-cancel]").click();
  await worker.step("CallUs").click();
  await worker.send(form);
  await kela.go(`/sent/${heard}`);
  await expect(thread(kela).locator("[data-answered-request]")).toContainText("pyytää soittamaan");
  expect(subject).toContain("concerns/");
});

test("a report that joined another stands in the list while its reporter waits, and shows its thread", long, async ({ koppi, comes }) => {
  const lead = await report(koppi, { unit: adults.unit, basis: attested });
  await concernStep(koppi, "ps-21", "TakeConcern", lead);
  const basis = { groundKey: "shl-35-1", consentedAt: "2026-11-23T06:55:00Z", feedbackConsentedAt: "2026-11-23T06:55:00Z" };
  interface Sent { concern: { concernId: string } }
  const { concern } = await step<Sent>(koppi, "tk-02", "concern.v1.ConcernService/SubmitConcern", {
    client: { personalIdentityCode: "010594Y9032", language: "fi" }, receiver: { ...county, ...adults }, basis,
    topics: ["TOPIC_MENTAL_HEALTH"], description: "Ei syö eikä avaa ovea.", urgency: "URGENCY_NORMAL",
  });
  const joined = `concerns/${concern.concernId}`, worker = await comes("ps-21");
  await worker.open(lead);
  await expect(worker.row(joined)).toHaveCount(0);
  await concernStep(koppi, "tk-02", "RequestInformation", joined, { question: "Kenelle voin soittaa?" });
  await worker.open(joined);
  await expect(waiting(worker)).toContainText("Kenelle voin soittaa?");
  await looked(worker.page, "thread-joined");
  await worker.answer({ answer: "Minulle, 017 000 000." });
  await expect(worker.row(joined)).toHaveCount(0);
  // What its reporter adds is news of the report that leads.
  await concernStep(koppi, "tk-02", "AddInformation", joined, { text: "Avain on naapurilla." });
  await worker.go("/work");
  await expect(worker.row(lead).locator("[data-news]")).toHaveText("1 uusi tieto");
  await worker.open(lead);
  await expect(worker.matter.locator('[data-event="ReportAdded"]')).toContainText("Liitettyyn ilmoitukseen lisätty tietoa");
});
