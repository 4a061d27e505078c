import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Page } from "@playwright/test";

import { consent, ordinary } from "./cases";
import { expect, long, test } from "./fixtures";

test.use({ settings: "--calls-per-second=100000 --worker-calls-per-second=100000" });

// onPaper prints a page; its sheets are kept if PICTURES names a folder.
async function onPaper(page: Page, name: string, look: () => Promise<void>) {
  await page.emulateMedia({ media: "print" });
  await look();
  const folder = process.env.PICTURES;
  if (folder) await page.screenshot({ path: join(folder, `print-${name}.png`), fullPage: true });
  await page.emulateMedia({ media: null });
}

const surroundings = ".top, .rooms, .chips, .tick, .queues, .back, .fi-skip-link, .fi-button:visible, .begin";

test("a worklist of sixty is printed with all its rows, and nothing around them", long, async ({ koppi, comes }) => {
  for (let count = 0; count < 60; count += 1) {
    await koppi.call("kela-17", "concern.v1.ConcernService/SubmitConcern", {
      requestId: randomUUID(), client: { details: { familyName: "Testinen" } }, receiver: { agency: "hva-pohjois-savo" },
      basis: consent("1301/2014 § 35.1"), topics: ["TOPIC_OTHER"], urgency: "URGENCY_NORMAL",
    });
  }
  const { page } = await comes("ps-04"), rows = page.locator("a.row");
  await expect(page.getByRole("list", { name: /60 asiaa/ })).toHaveCount(1);
  const drawn = await rows.count();
  expect(drawn).toBeLessThan(60);
  await onPaper(page, "work", async () => {
    await expect(rows).toHaveCount(60);
    for (const row of await rows.all()) await expect(row).toBeVisible();
    await expect(page.locator(surroundings).filter({ visible: true })).toHaveCount(0);
    await expect(page.locator(".paper-only")).toContainText("Yksikön · 60 asiaa");
    // No row overlaps another, and none ends below the last sheet.
    const boxes = await rows.evaluateAll(
      (all) => all.map((row) => row.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })),
    );
    boxes.slice(1).forEach(({ top }, at) => expect(top).toBeGreaterThanOrEqual(boxes[at]!.bottom - 1));
    expect(
      await page.evaluate(() => {
        const { overflowY, height } = getComputedStyle(document.querySelector(".list")!);
        return { overflowY, enough: parseFloat(height) >= document.querySelector(".rows")!.scrollHeight - 1 };
      }),
    ).toEqual({ overflowY: "visible", enough: true });
  });
  await expect(rows).not.toHaveCount(60);
  // As with the browser's own print: the paper has as many rows as the list.
  await page.evaluate(() => {
    (window as unknown as { rows: Promise<number> }).rows = new Promise(
      (counted) => addEventListener("beforeprint", () => counted(document.querySelectorAll("a.row").length), { once: true }),
    );
  });
  await page.pdf({ format: "A4" });
  expect(await page.evaluate(() => (window as unknown as { rows: Promise<number> }).rows)).toBe(60);
});

test("an open matter and a client are printed without what leads elsewhere", long, async ({ koppi, comes }) => {
  const cases = await ordinary(koppi), worker = await comes("ps-21"), { page } = worker;
  await worker.open(cases.concern);
  await onPaper(page, "concern", async () => {
    await expect(page.locator(surroundings).filter({ visible: true })).toHaveCount(0);
    await expect(page.locator("a.row").filter({ visible: true })).toHaveCount(0);
    await expect(worker.matter.getByRole("heading", { level: 2 })).toBeVisible();
    await expect(worker.matter).toContainText("Kaksi vuokraa maksamatta.");
    await expect(worker.summary).toBeVisible();
  });
  await worker.open(cases.consultation, "consultations");
  await onPaper(page, "consultation", async () => {
    await expect(page.locator(surroundings).filter({ visible: true })).toHaveCount(0);
    await expect(page.getByText("Suosittelen arviota terveysasemalla.")).toBeVisible();
    await expect(page.locator(".compose").filter({ visible: true })).toHaveCount(0);
  });
  const client = await comes("client");
  await client.page.locator("[data-situation]").first().waitFor();
  await onPaper(client.page, "own", async () => {
    await expect(client.page.locator(".top, .fi-button, [data-fold]").filter({ visible: true })).toHaveCount(0);
    await expect(client.page.locator("[data-expectation]").first()).toBeVisible();
  });
  await worker.open(cases.concern);
  await page.locator('.reveal a[href^="/client"]').click();
  await page.locator('[data-field="purpose"] input').fill("Asiakkaan yhteydenotto.");
  await page.locator("[data-send]").click();
  await page.locator("[data-client]").waitFor();
  await onPaper(page, "client", async () => {
    await expect(page.locator(surroundings).filter({ visible: true })).toHaveCount(0);
    await expect(page.locator("[data-client] h1")).toBeVisible();
    await expect(page.locator(".client-matter").first()).toBeVisible();
  });
});
