import { randomUUID } from "node:crypto";
import type { Locator } from "@playwright/test";

import { consented, health } from "./begin";
import { consent, ordinary } from "./cases";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

const arabic = "والدتي مريضة. اتصل بي على 040 1234567, كرا.", hebrew = "אני צריך עזרה (דחוף).";
const name = { familyName: "الأحمد", givenNames: "ليلى" };

// runs returns the text direction of the element that contains a text.
const runs = (text: Locator) => text.first().evaluate((it) => getComputedStyle(it).direction);

test("names and texts in Arabic and Hebrew run their own way on the pages that show them", long, async ({ koppi, comes }) => {
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), client: { details: name, language: "ar" }, receiver: { agency: "hva-pohjois-savo", unit: "palveluohjaus" },
    basis: consent("1301/2014 § 35.1"), topics: ["TOPIC_OTHER"], description: arabic, urgency: "URGENCY_NORMAL",
  });
  const guide = await comes("ps-04"), { page } = guide;
  await guide.open(`concerns/${concern.concernId}`);
  // The description, and its copy in the timeline; the Finnish text beside them keeps its
  // direction.
  for (const said of await guide.matter.getByText(arabic).all()) expect(await runs(said)).toBe("rtl");
  expect(await runs(guide.summary)).toBe("ltr");
  await page.getByRole("button", { name: "Näytä nimi ja henkilötunnus" }).click();
  expect(await runs(page.getByText("ليلى الأحمد"))).toBe("rtl");
  expect(await runs(guide.matter.locator("dd", { hasText: "Perustoimeentulotuki" }))).toBe("ltr");
  await pictures(page, "arabic");
});

test("what is typed in Arabic or Hebrew runs its own way, in a form, its preview and a conversation", long, async ({ koppi, comes }) => {
  const { consultation, plan } = await ordinary(koppi), worker = await comes("ps-21"), { page } = worker;
  const form = page.locator("form.step-form");
  await worker.go("/new/concern");
  await worker.fill(form, { nameOnly: true, ...name, ...consented, receiver: health });
  expect(await runs(form.locator('[data-field="familyName"] input'))).toBe("rtl");
  await worker.fill(form, { description: arabic, topics: ["TOPIC_OTHER"], urgency: "URGENCY_NORMAL" });
  expect(await runs(form.locator('[data-field="description"] textarea'))).toBe("rtl");
  await worker.last(form);
  for (const said of [arabic, "ليلى الأحمد"]) expect(await runs(page.locator(".preview dd", { hasText: said }))).toBe("rtl");
  await pictures(page, "arabic-form");
  await worker.open(consultation, "consultations");
  const box = page.locator("#message");
  await box.fill(hebrew);
  expect(await runs(box)).toBe("rtl");
  await page.locator("[data-form=PostMessage] [data-send]").click();
  expect(await runs(page.locator(".message .said", { hasText: hebrew }))).toBe("rtl");
  const { goalId } = await koppi.call<{ goalId: string }>("ps-21", "plan.v1.PlanService/AddGoal", {
    requestId: randomUUID(), planId: plan.split("/")[1], text: arabic, setByClient: true,
  });
  expect(goalId).toBeTruthy();
  await worker.open(plan, "plans");
  expect(await runs(page.locator(".goal-text", { hasText: arabic }))).toBe("rtl");
  const client = await comes("client");
  await client.page.locator('[data-fold="plan"]').click();
  expect(await runs(client.page.locator(".goal", { hasText: arabic }))).toBe("rtl");
});
