import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { ordinary } from "./cases";
import { expect, test } from "./fixtures";
import { pictures } from "./pictures";

async function accessible(page: Page) {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  expect.soft(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`)).toEqual([]);
}

test("a client who rings is found by identity code, which is kept nowhere, and sees who looked", async ({ koppi, comes }) => {
  const { concern } = await ordinary(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  const form = page.locator("form.step-form"), code = form.locator('[data-field="code"] input');
  await worker.go("/client");
  await worker.fill(form, { code: "010594", why: "rang" });
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="code"]')).toContainText("Kirjoita henkilötunnus muodossa PPKKVV-123A.");
  // A code of which there is no matter.
  await code.fill("051179-913X");
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-nobody]")).toContainText("Ei asioita, jotka voisit nähdä");
  await pictures(page, "find-nobody");
  await accessible(page);
  await worker.fill(form, { code: "030694w9024", why: "rang" });
  const stored = () => page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage, address: location.href }));
  expect(await stored()).not.toContain("030694");
  await pictures(page, "find");
  await accessible(page);
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-client]")).toBeVisible();
  await expect(page.locator(`[data-subject="${concern}"]`)).toBeVisible();
  await expect(page.locator("main")).toContainText("Asiakas soitti");
  expect((await stored()).toLowerCase()).not.toContain("030694");
  const client = await comes("client", { width: 390, height: 844 });
  await client.go("/own?show=looked");
  await client.page.locator("[data-day] button").first().click().catch(() => undefined);
  await expect(client.page.locator("main")).toContainText("Haki asioitasi henkilötunnuksellasi.");
});

test("another agency finds nobody of whom it has no matter", async ({ koppi, comes }) => {
  await ordinary(koppi);
  const jobs = await comes("ty-09"), form = jobs.page.locator("form.step-form");
  await jobs.go("/client");
  await jobs.fill(form, { code: "030694W9024", why: "other", purpose: "Tapaaminen." });
  await form.locator("[data-send]").click();
  await expect(jobs.page.locator("[data-nobody]")).toContainText("Ei asioita, jotka voisit nähdä");
  await jobs.page.locator('[data-nobody] [data-begin="concern"]').click();
  await expect(jobs.page).toHaveURL(/\/new\/concern/);
});
