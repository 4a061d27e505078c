import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { ordinary, type Cases } from "./cases";
import { expect, test } from "./fixtures";
import { before, months } from "./months";
import { picture } from "./pictures";

// Every page, with its user and address.
const pages: [name: string, person: string, path: (cases: Cases) => string][] = [
  ["work", "ps-21", () => "/work"],
  ["sent", "kela-17", () => "/sent"],
  ["concern", "ps-21", ({ concern }) => `/work/${concern}`],
  ["concern-of-the-reporter", "kela-17", ({ concern }) => `/sent/${concern}`],
  ["referral", "tk-02", ({ referral }) => `/work/${referral}`],
  ["consultation", "ps-21", ({ consultation }) => `/consultations/${consultation}`],
  ["plan", "ps-21", ({ plan }) => `/plans/${plan}`],
  ["new-concern", "kela-17", () => "/new/concern"],
  ["new-referral", "ps-21", () => "/new/referral"],
  ["new-consultation", "ps-21", () => "/new/consultation"],
  ["new-plan", "ps-21", () => "/new/plan"],
  ["client", "ps-21", () => "/client"],
  ["people", "tk-01", () => "/people"],
  ["share", "ps-01", () => "/share"],
  ["weekend", "ps-01", () => "/weekend"],
  ["reviews", "tk-01", () => "/reviews"],
  ["own", "client", () => "/own"],
  ["operations", "operator", () => "/operations"],
  ["accessibility", "client", () => "/accessibility"],
  ["privacy", "client", () => "/privacy"],
];

// Loading is complete: the text of the page no longer changes.
async function settled(page: Page) {
  await expect(page.locator("main h1, main h2").first()).toBeVisible();
  let before = "";
  await expect.poll(
    async () => { const now = await page.locator("main").ariaSnapshot(), same = now === before; before = now; return same; },
    { intervals: [300] },
  ).toBe(true);
}

// Values that differ in every Koppi, or from day to day, are masked.
const steady = (text: string) =>
  text.replace(/^( *- status: (?:Tiedot on haettu|Uppgifterna hämtades|Updated) ).*\.$/gm, "$1today.").replace(/…[\w-]{5}\b/g, "…")
    .replace(/\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b/g, "NUMBER")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…").replace(/^ *- \/url: .*$\n/gm, "");

async function axe(page: Page, where: string) {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    .analyze();
  expect.soft(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`), where)
    .toEqual([]);
}

const languages = { fi: "Suomi", sv: "Svenska", en: "English" };

// visit examines an open page in every language and at every width.
async function visit(page: Page, name: string) {
  for (const [language, called] of Object.entries(languages)) {
    await page.getByRole("button", { name: called }).click();
    await settled(page);
    // A page has the same structure in every language: axe examines the other two in make soak.
    if (language === "fi" || process.env.SOAK_PAGES) await axe(page, `${name} in ${language}`);
    expect.soft(steady(await page.locator("main").ariaSnapshot()), `${name} in ${language}`).toMatchSnapshot(`${name}-${language}.txt`);
    await picture(page, `${name}-${language}-1280`);
    // A desktop; a small phone, the lower limit of all phones; and a desktop at 200 % zoom.
    for (const width of process.env.PICTURES ? [1280, 390, 320, 640] : [1280, 320, 640]) {
      await page.setViewportSize({ width, height: 844 });
      // A closed menu follows the window's new size with the next frame.
      await expect.poll(
        () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        { message: `${name} in ${language} at ${width} px is wider than that by`, timeout: 5_000 },
      ).toBeLessThanOrEqual(0);
      if (width === 390) await picture(page, `${name}-${language}-390`);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }
}

test("every page in three languages: axe finds nothing, it fits, and it says what it said", async ({ koppi, comes }) => {
  test.setTimeout(600_000);
  const cases = await ordinary(koppi), people = new Map<string, Awaited<ReturnType<typeof comes>>>();
  for (const [name, who, path] of pages) {
    if (!people.has(who)) people.set(who, await comes(who));
    const { page, go } = people.get(who)!;
    await go(path(cases));
    await visit(page, name);
  }
});

test.describe("after months of work", () => {
  test.use({ clock: before, settings: "--calls-per-second=100000 --worker-calls-per-second=100000" });

  test("statistics in three languages, as every page", async ({ koppi, comes }) => {
    await months(koppi);
    const { page, go } = await comes("operator");
    await go("/statistics");
    await visit(page, "statistics");
  });
});
