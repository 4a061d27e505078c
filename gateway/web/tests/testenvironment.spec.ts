import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

const banners = {
  Suomi: "Testiympäristö: tänne ei kuulu oikeiden henkilöiden tietoja.",
  Svenska: "Testmiljö: inga verkliga personers uppgifter hör hemma här.",
  English: "Test environment: no real persons’ data belong here.",
};

// sandbox runs a real sandbox while a test looks at its pages.
async function sandbox(use: (address: string) => Promise<void>) {
  const data = mkdtempSync(join(tmpdir(), "koppi-sandbox-"));
  const started = spawn(process.env.PAGES_PROGRAM!, ["sandbox", "--data", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => { started.on("exit", () => resolve()); });
  try {
    await use(await new Promise<string>((resolve, reject) => {
      started.on("exit", (code) => reject(new Error(`the sandbox ended with ${code}`)));
      createInterface(started.stderr!).on("line", (line) => {
        const up = /"koppi is up".*"address":"([^"]+)"/.exec(line);
        if (up) resolve(up[1]!);
      });
    }));
  } finally {
    started.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

// over is how much more there is of a page than the window shows.
const over = (page: Page, size: "Width" | "Height") =>
  page.evaluate((size) => document.documentElement[`scroll${size}`] - document.documentElement[`client${size}`], size);

// examined says that the banner is there in each language, covers nothing, and fits at each width.
async function examined(page: Page, where: string) {
  const banner = page.locator(".test-environment");
  for (const [language, text] of Object.entries(banners)) {
    await page.getByRole("button", { name: language }).click();
    await expect(banner).toHaveText(text);
    await accessible(page, `${where} in ${language}`);
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 844 });
      await expect.poll(() => over(page, "Width")).toBeLessThanOrEqual(0);
      const [above, main] = [await banner.boundingBox(), await page.locator("main").boundingBox()];
      expect(above!.y + above!.height, `${where} in ${language} at ${width} px`).toBeLessThanOrEqual(main!.y + 0.5);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  await page.getByRole("button", { name: "Suomi" }).click();
  await pictures(page, `test-environment-${where}`);
}

test("a test environment says that no real persons' data belong there, and nothing else does", async ({ page, comes }) => {
  await sandbox(async (address) => {
    await page.goto(address);
    await expect(page.locator(".test-environment")).toHaveText(banners.Suomi);
  });
  const { page: work } = await comes("ps-21", { at: "/work" });
  await expect(work.locator("main h1").first()).toBeVisible();
  await expect(work.locator(".test-environment")).toHaveCount(0);
});

test("in a test environment every page says so in each language, and loses no room by it", long, async ({ page, comes }) => {
  await sandbox(async (address) => {
    for (const [where, path] of [["sign-in", "/"], ["privacy", "/privacy"]] as const) {
      await page.goto(address + path);
      await examined(page, where);
    }
  });
  // Elsewhere no page says it; here a trial's answer is changed, since nobody signs in to a sandbox without a provider.
  const { page: work } = await comes("ps-21", { at: "/work" });
  await expect(work.locator("main h1").first()).toBeVisible();
  await expect(work.locator(".test-environment")).toHaveCount(0);
  await work.route("**/session", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...await response.json(), trial: false, testPersons: true } });
  });
  await work.reload();
  await expect(work.locator("main h1").first()).toBeVisible();
  await examined(work, "work");
  expect(await over(work, "Height"), "the list fills the window").toBeLessThanOrEqual(0);
});
