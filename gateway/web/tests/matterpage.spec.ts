import { randomUUID } from "node:crypto";
import type { Locator, Page } from "@playwright/test";

import { adults, county, earlier } from "./begin";
import { consent, ordinary, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";
import { pictures } from "./pictures";

// A matter, a consultation and a plan as a worker uses them: what is where, and how much of it.

const desktop = { width: 1366, height: 768 };

// A primary button has none of the other variants.
const primary = (page: Page) =>
  page.locator("main .fi-button:not([class*=secondary], [class*=inverted], .fi-button--icon-only)").filter({ visible: true });
const beside = (who: Person) => who.matter.locator(".actions .buttons > .fi-button--secondary");
const box = async (it: Locator) => (await it.boundingBox())!;
const apart = (a: Awaited<ReturnType<typeof box>>, b: typeof a) =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
// How often a text is on the page.
const times = async (who: Person, text: string) => (await who.matter.innerText()).split(text).length - 1;
// The buttons of a matter that are wholly within the window.
const inView = (who: Person) => who.matter.locator("button, a.button").evaluateAll((all) => all.filter((one) => {
  const { top, bottom, width } = one.getBoundingClientRect();
  return width > 0 && top >= 0 && bottom <= innerHeight;
}).length);

const step = (koppi: Koppi, who: string, method: string, body: object) => koppi.call(who, method, { requestId: randomUUID(), ...body });

// busy is a report that a worker has in hand, with six contact attempts.
async function busy(koppi: Koppi): Promise<string> {
  const subject = await report(koppi, { unit: adults.unit }), concernId = subject.split("/")[1]!;
  await step(koppi, "ps-21", "concern.v1.ConcernService/TakeConcern", { concernId });
  for (let count = 0; count < 6; count += 1) {
    await step(koppi, "ps-21", "concern.v1.ConcernService/RecordContactAttempt", { concernId, result: "CONTACT_RESULT_NOT_REACHED" });
  }
  return subject;
}

test("a matter has one primary step, two beside it, and the form of a step beside its description", async ({ koppi, comes }) => {
  const subject = await busy(koppi), worker = await comes("ps-21", desktop), { page } = worker;
  const said = worker.matter.locator(".said"), form = page.locator("form.step-form"), description = "Kaksi vuokraa maksamatta.";
  await worker.open(subject);
  const lines = worker.matter.locator(".timeline li[data-event]");
  await expect(lines).toHaveCount(5);
  await pictures(page, "matter-concern");
  expect((await box(worker.matter.locator(".timeline .lines"))).height, "five lines are lines").toBeLessThanOrEqual(5 * 36);
  await expect(primary(page)).toHaveCount(1);
  await expect(primary(page)).toHaveAttribute("data-step", "StartAssessment");
  expect(await beside(worker).count()).toBeLessThanOrEqual(2);
  // What ends the matter or sends it away is in the menu, and last there.
  for (const name of ["CloseConcern", "ForwardConcern", "ReassignConcern"]) await expect(worker.step(name)).toBeHidden();
  await page.locator("[data-more]").click();
  await expect(page.getByRole("menuitem").last()).toHaveAttribute("data-step", "CloseConcern");
  await pictures(page, "matter-menu");
  await page.keyboard.press("Escape");
  await expect(page.locator("[data-more]")).toBeFocused();
  expect(await times(worker, description)).toBe(1);
  await worker.matter.locator("[data-fold]").click();
  await expect(lines.first()).toHaveAttribute("data-event", "ConcernSubmitted");
  expect(await lines.count()).toBeGreaterThan(5);
  expect(await times(worker, description), "the whole timeline repeats it").toBe(1);
  await worker.matter.locator("[data-fold]").click();
  await expect(lines).toHaveCount(5);
  // The form is beside the text on a desktop, and below it on a phone.
  await worker.press("RequestInformation");
  await expect(form).toBeVisible();
  await expect(primary(page)).toHaveCount(1);
  await pictures(page, "matter-form");
  const wide = [await box(said), await box(form)] as const;
  expect(wide[1].x).toBeGreaterThanOrEqual(wide[0].x + wide[0].width);
  expect(Math.abs(wide[1].y - wide[0].y), "they begin at one height").toBeLessThanOrEqual(8);
  await expect(said).toBeInViewport({ ratio: 1 });
  for (const width of [1024, 390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    expect(apart(await box(said), await box(form)), `${width} px`).toBe(true);
    expect((await box(form)).y, `${width} px`).toBeGreaterThanOrEqual((await box(said)).y);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
      .toBeLessThanOrEqual(0);
  }
  // A step of the menu that is left off leads back to it.
  await form.locator("[data-cancel]").click();
  await expect(page.locator("[data-more]")).toBeFocused();
});

test("an answer and a further question have a button each, and the text stays until one has sent it", long, async ({ koppi, comes }) => {
  interface Opened { consultation: { consultationId: string } }
  const { consultation } = await koppi.call<Opened>("kela-17", "consultation.v1.ConsultationService/OpenConsultation", {
    requestId: randomUUID(), addressee: { ...county, ...adults }, topic: "Vuokravakuus", question: "Milloin vakuus kuuluu teille?",
    basis: { ground: "LEGAL_GROUND_NO_PERSONAL_DATA", provision: "703/2023 § 31" }, urgency: "URGENCY_NORMAL",
  });
  const subject = `consultations/${consultation.consultationId}`, worker = await comes("ps-21", desktop), { page } = worker;
  await worker.open(subject, "consultations");
  await expect(primary(page)).toHaveAttribute("data-step", "TakeConsultation");
  await worker.take("TakeConsultation");
  // After taking, answering is the primary step.
  const box = worker.matter.locator("#message"), answer = worker.matter.locator("[data-send=answer]");
  await expect(primary(page)).toHaveText("Vastaa");
  await expect(primary(page)).toHaveCount(1);
  await expect(answer).toBeInViewport({ ratio: 1 });
  await expect(box).toBeFocused();
  await expect(beside(worker)).toHaveCount(0);
  await box.fill("Kun asiakas on meillä.");
  await pictures(page, "matter-consultation");
  // What could not be sent as a question is sent as the answer, once.
  await page.route("**/PostMessage", (route) => route.abort());
  await worker.matter.getByRole("button", { name: "Lähetä lisäkysymys" }).click();
  await expect(worker.matter.locator("form.compose .problem")).toBeVisible();
  await expect(box).toHaveValue("Kun asiakas on meillä.");
  await page.unroute("**/PostMessage");
  await answer.click();
  await expect(worker.matter.locator(".message.answer")).toContainText("Kun asiakas on meillä.");
  await expect(worker.matter.locator(".messages .message")).toHaveCount(1);
  await expect(box).toHaveValue("");
  // The answer is with the asker, who ends it or asks more.
  const kela = await comes("kela-17", desktop);
  await kela.open(subject, "consultations");
  await expect(primary(kela.page)).toHaveAttribute("data-step", "CloseConsultation");
  await expect(primary(kela.page)).toHaveCount(1);
  await kela.matter.locator("#message").fill("Entä jos asiakas muuttaa?");
  await kela.matter.getByRole("button", { name: "Lähetä lisäkysymys" }).click();
  await expect(worker.matter).toContainText("Entä jos asiakas muuttaa?");
  expect(await times(worker, "Milloin vakuus kuuluu teille?")).toBe(1);
});

// planned is a plan of three goals, two of them assessed, and three tasks.
async function planned(koppi: Koppi): Promise<string> {
  const { plan } = await ordinary(koppi), planId = plan.split("/")[1]!;
  const health = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" };
  for (const text of ["Haluan oman avaimen.", "Haluan maksaa vuokran ajallaan."]) {
    const { goalId } = await koppi.call<{ goalId: string }>("ps-21", "plan.v1.PlanService/AddGoal", {
      requestId: randomUUID(), planId, text, setByClient: true,
    });
    if (text.includes("avaimen")) {
      await step(koppi, "ps-21", "plan.v1.PlanService/AssessGoal", { planId, goalId, score: -1, byClient: true });
    }
    await step(koppi, "tk-02", "plan.v1.PlanService/AddAction", {
      planId, goalId, text: `Tehtävä: ${text}`, owner: { ...health, worker: "tk-02" }, dueAt: "2026-12-07T12:00:00Z",
    });
  }
  return plan;
}

test("a plan has phases of its own, one primary button, and six buttons in view", long, async ({ koppi, comes }) => {
  const plan = await planned(koppi), worker = await comes("ps-21", desktop), { page } = worker;
  const phases = worker.matter.locator("[data-plan-line] li"), sleep = "Haluan nukkua yöt ja jaksaa viedä lapsen päiväkotiin.";
  await worker.open(plan, "plans");
  await expect(phases).toHaveText([/luonnos/, /voimassa/, /tarkistus/, /päättynyt/]);
  await expect(worker.phase).toContainText("voimassa");
  await expect(worker.matter.locator(".plan-goal")).toHaveCount(3);
  await pictures(page, "matter-plan");
  expect(await inView(worker)).toBeLessThanOrEqual(6);
  await expect(primary(page)).toHaveCount(1);
  await expect(primary(page)).toHaveText("Lisää tehtävä");
  // Each button says of what.
  await expect(worker.matter.getByRole("button", { name: `Arvioi tavoite: ${sleep}` })).toBeVisible();
  await expect(worker.matter.getByRole("button", { name: "Merkitse tehdyksi: Unihoitajan aika" })).toBeAttached();
  await page.locator("[data-more]").click();
  await expect(page.getByRole("menuitem", { name: `Muuta tavoitetta: ${sleep}` })).toBeVisible();
  await pictures(page, "matter-plan-menu");
  await page.keyboard.press("Escape");
  // The form of a step on a goal is in its card, and its button is the only primary one.
  await worker.matter.getByRole("button", { name: `Arvioi tavoite: ${sleep}` }).click();
  const card = worker.matter.locator(".plan-goal", { hasText: sleep }), form = card.locator("form.step-form");
  await expect(primary(page)).toHaveCount(1);
  expect(apart(await box(card.locator(".goal-text")), await box(form))).toBe(true);
  await pictures(page, "matter-plan-assess");
  await worker.fill(form, { by: "client", score: "1" });
  await worker.send(form);
  await expect(card.getByRole("button", { name: /^Arvioi tavoite/ })).toBeFocused();
  await worker.matter.locator("[data-tables]").click();
  await expect(card.locator("table tbody tr")).toHaveCount(5);
  await worker.take("StartReview");
  await expect(worker.phase).toContainText("tarkistus");
  await expect(primary(page)).toHaveText("Merkitse tarkistus valmiiksi");
  await worker.take("CompleteReview", { summary: "Uni on parempaa." });
  await expect(worker.phase).toContainText("voimassa");
  await worker.take("EndPlan", { reason: "Tavoite saavutettu." });
  await expect(worker.phase).toContainText("päättynyt");
  await expect(primary(page)).toHaveCount(0);
});

test("a new plan asks for the client's goal first, and an invited unit answers before all else", long, async ({ koppi, comes }) => {
  const client = { personalIdentityCode: "140391-9021", language: "fi" };
  const { plan } = await koppi.call<{ plan: { planId: string } }>("ps-21", "plan.v1.PlanService/CreatePlan", {
    requestId: randomUUID(), client, basis: consent("1301/2014 § 39"),
  });
  const worker = await comes("ps-21", desktop), nurse = await comes("tk-02", desktop), subject = `plans/${plan.planId}`;
  await worker.open(subject, "plans");
  await expect(worker.phase).toContainText("luonnos");
  await expect(primary(worker.page)).toHaveText("Lisää tavoite");
  await worker.take("AddGoal", { text: "Haluan oman avaimen.", setBy: "client" });
  await expect(primary(worker.page)).toHaveText("Aloita suunnitelma");
  await worker.take("InviteMember", {
    ...earlier, party: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" },
  });
  await nurse.open(subject, "plans");
  await expect(primary(nurse.page)).toHaveText("Liity suunnitelmaan");
  await expect(nurse.step("DeclineInvitation")).toBeVisible();
  await pictures(nurse.page, "matter-plan-invited");
});

test("forced colours keep the phase and the open row apart, and paper has no navigation", long, async ({ koppi, comes }) => {
  const subject = await busy(koppi), other = await report(koppi, { unit: adults.unit, code: "140391-9021" });
  const worker = await comes("ps-21", desktop), { page } = worker;
  await worker.open(subject);
  await expect(worker.matter.locator(".timeline li[data-event]")).toHaveCount(5);
  await page.emulateMedia({ forcedColors: "active" });
  const look = (it: Locator, what: "backgroundColor" | "borderInlineStartColor") =>
    it.evaluate((element, name) => getComputedStyle(element)[name], what);
  expect(await look(worker.phase, "backgroundColor"))
    .not.toBe(await look(worker.matter.locator(".phase-line li:not([aria-current])").last(), "backgroundColor"));
  expect(await look(worker.row(subject), "borderInlineStartColor")).not.toBe(await look(worker.row(other), "borderInlineStartColor"));
  await pictures(page, "matter-forced");
  await page.emulateMedia({ forcedColors: "none", media: "print" });
  await expect(page.locator(".top, .list, .back, .fi-button, [data-more]").filter({ visible: true })).toHaveCount(0);
  // All that happened is on paper.
  expect(await worker.matter.locator(".timeline li[data-event]").count()).toBeGreaterThan(5);
  expect(await times(worker, "Kaksi vuokraa maksamatta.")).toBe(1);
});
