import { randomUUID } from "node:crypto";
import type { Locator, Page } from "@playwright/test";

import { accessible } from "./accessible";
import { consent, ordinary, report } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { pictures } from "./pictures";

// Forms that ask for a worker: by name, from a list.

const own = "hva-pohjois-savo/tyoikaiset-kuopio", health = "terveys-pohjois-savo/terveysasema-kuopio";

// offered are the choices of a list; the list is closed again.
async function offered(page: Page, list: Locator) {
  await list.click();
  await expect(page.getByRole("option").first()).toBeVisible();
  const names = await page.getByRole("option").allInnerTexts();
  await page.keyboard.press("Escape");
  return names;
}

// A plan that a unit of health care has joined, in which nobody of that unit has done anything.
async function joined(koppi: Koppi) {
  const requestId = randomUUID;
  const { plan: { planId } } = await koppi.call<{ plan: { planId: string } }>("ps-21", "plan.v1.PlanService/CreatePlan", {
    requestId: requestId(), client: { personalIdentityCode: "140391-9021", language: "fi" }, basis: consent("1301/2014 § 39"),
  });
  const [agency, unit] = health.split("/");
  await koppi.call("ps-21", "plan.v1.PlanService/AddGoal", { requestId: requestId(), planId, text: "Haluan nukkua.", setByClient: true });
  await koppi.call("ps-21", "plan.v1.PlanService/InviteMember", {
    requestId: requestId(), planId, party: { agency, unit }, basis: consent("703/2023 § 53"),
  });
  await koppi.call("tk-02", "plan.v1.PlanService/JoinPlan", { requestId: requestId(), planId });
  return `plans/${planId}`;
}

test("a plan's forms choose a worker by name: a colleague, or whom the plan names", long, async ({ koppi, comes }) => {
  const { plan } = await ordinary(koppi);
  await koppi.knows("ps-33");
  await koppi.call("ps-33", "casework.v1.CaseworkService/SetAbsence", {
    requestId: randomUUID(), worker: "ps-33", from: "2026-11-23", to: "2026-11-27",
  });
  const worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker, form = page.locator("form.step-form");
  const asked = form.locator('[data-field="worker"]'), list = asked.locator("button[aria-haspopup=listbox]");
  await worker.open(plan, "plans");
  await worker.press("AddAction");
  await expect(list).toContainText("Saara Sosiaali");
  await expect(asked.getByRole("textbox")).toHaveCount(0);
  expect(await offered(page, list)).toEqual([
    "Ei nimetty: tehtävä on yksikön yhteinen", "Outi Ohjaaja (poissa pe 27.11. asti)", "Saara Sosiaali",
  ]);
  await pictures(page, "plan-task-worker");
  await accessible(page);
  // Of another agency the plan names the nurse; the worker belongs to the unit that was chosen.
  await worker.fill(form, { unit: health });
  await expect(list).not.toContainText("Saara");
  expect(await offered(page, list)).toEqual(["Ei nimetty: tehtävä on yksikön yhteinen", "Niina Hoitaja"]);
  await worker.fill(form, { worker: "tk-02" });
  await worker.fill(form, { unit: own });
  await expect(list).toContainText("Ei nimetty");
  await worker.fill(form, { worker: "ps-33", text: "Asumistuki haetaan.", due: "2026-12-07" });
  await worker.send(form);
  await expect(worker.matter.locator(".owner h4").filter({ hasText: "Outi Ohjaaja" })).toBeVisible();

  await worker.press("OfferResponsibility");
  await worker.fill(form, { unit: own });
  // Who answers for the plan is no successor.
  expect(await offered(page, list)).toEqual(["Outi Ohjaaja (poissa pe 27.11. asti)"]);
  await form.locator("[data-send]").click();
  await expect(asked).toContainText("Valitse: työntekijä.");
  await pictures(page, "plan-offer-worker");
  await accessible(page);
  await worker.fill(form, { unit: health });
  expect(await offered(page, list)).toEqual(["Niina Hoitaja", "Joku muu"]);
  await worker.fill(form, { worker: "tk-02" });
  await worker.send(form);
  await expect(worker.matter.locator("[data-answering]")).toContainText("Niina Hoitaja");
});

test("where a plan names nobody of a unit, a task is the unit's, and a successor is given by key", long, async ({ koppi, comes }) => {
  const plan = await joined(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  const form = page.locator("form.step-form"), asked = form.locator('[data-field="worker"]');
  await worker.open(plan, "plans");
  await worker.press("AddAction");
  await worker.fill(form, { text: "Unihoitajan aika", unit: health, due: "2026-12-07" });
  await expect(asked).toContainText("Tehtävä on yksikön yhteinen.");
  await expect(asked.locator("input, button")).toHaveCount(0);
  await pictures(page, "plan-task-unit");
  await accessible(page);
  await worker.send(form);
  await expect(worker.matter.locator(".owner h4")).toHaveText("Kuopion terveysasema");
  await worker.press("OfferResponsibility");
  await worker.fill(form, { unit: health });
  await pictures(page, "plan-offer-key");
  await worker.fill(form, { worker: "tk-02" });
  await worker.send(form);
  await expect(worker.matter.locator("[data-answering]")).toContainText("Niina Hoitaja");
});

test("a matter is passed on to a colleague by name, and goes to the colleague's unit", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: "palveluohjaus" });
  await koppi.knows("ps-33");
  const guide = await comes("ps-04"), { page } = guide, form = page.locator("form.step-form");
  await guide.open(subject);
  await guide.take("ReceiveConcern");
  await guide.press("ReassignConcern");
  await guide.fill(form, { to: { worker: "ps-33" }, reason: "Asiakas on hänelle tuttu." });
  await expect(form.locator('[data-field="to"]')).toContainText("Työikäisten sosiaalipalvelut, Kuopio");
  await expect(form.locator('[data-field="to"]').getByRole("textbox")).toHaveCount(0);
  await pictures(page, "pass-to-colleague");
  await accessible(page);
  await guide.send(form);
  await expect(guide.summary).toContainText("Outi Ohjaaja");
});

test("a consultation of another agency asks a unit, and no worker's key", long, async ({ comes }) => {
  const worker = await comes("ps-21", { at: "/new/consultation" });
  const form = worker.page.locator("form.step-form"), field = form.locator('[data-field="receiver"]');
  await worker.fill(form, { receiver: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" } });
  await expect(field).toContainText("Kuopion terveysasema");
  await expect(field.getByText("Työntekijä")).toHaveCount(0);
  await expect(field.getByRole("textbox")).toHaveCount(0);
});
