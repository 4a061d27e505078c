import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { ordinary, type Cases } from "./cases";
import { expect, languages, long, test, whole } from "./fixtures";
import { before, months } from "./months";
import type { Person } from "./person";
import { picture } from "./pictures";

// Every page, with its user and address, in parts of about the same length: they run at the same time.
type Place = [name: string, person: string, path: (cases: Cases) => string];
const parts: Record<string, Place[]> = {
  "the lists and matters": [
    ["work", "ps-21", () => "/work"],
    ["sent", "kela-17", () => "/sent"],
    ["concern", "ps-21", ({ concern }) => `/work/${concern}`],
    ["concern-of-the-reporter", "kela-17", ({ concern }) => `/sent/${concern}`],
    ["referral", "tk-02", ({ referral }) => `/work/${referral}`],
    ["consultation", "ps-21", ({ consultation }) => `/consultations/${consultation}`],
    ["plan", "ps-21", ({ plan }) => `/plans/${plan}`],
  ],
  "the forms and who is there": [
    ["new-concern", "kela-17", () => "/new/concern"],
    ["new-referral", "ps-21", () => "/new/referral"],
    ["new-consultation", "ps-21", () => "/new/consultation"],
    ["new-plan", "ps-21", () => "/new/plan"],
    ["client", "ps-21", () => "/client"],
    ["people", "tk-01", () => "/people"],
  ],
  "leaders', clients' and operators' pages": [
    ["share", "ps-01", () => "/share"],
    ["weekend", "ps-01", () => "/weekend"],
    ["reviews", "tk-01", () => "/reviews"],
    ["own", "client", () => "/own"],
    ["operations", "operator", () => "/operations"],
    ["accessibility", "client", () => "/accessibility"],
    ["privacy", "client", () => "/privacy"],
  ],
};

// Loading is complete when the text of the page no longer changes; settled returns it.
async function settled(page: Page): Promise<string> {
  await expect(page.locator("main h1, main h2").first()).toBeVisible();
  let before = "";
  await expect.poll(
    async () => { const now = await page.locator("main").ariaSnapshot(), same = now === before; before = now; return same; },
    { intervals: [300] },
  ).toBe(true);
  return before;
}

// Values that differ in every Koppi, or from day to day, are masked.
const steady = (text: string) =>
  text.replace(/^( *- status: (?:Tiedot on haettu|Uppgifterna hämtades|Updated) ).*\.$/gm, "$1today.").replace(/…[\w-]{5}\b/g, "…")
    .replace(/\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b/g, "NUMBER")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "…").replace(/^ *- \/url: .*$\n/gm, "");

// A desktop, a small phone, the lower limit of all phones, and in make soak a desktop at 200 % zoom.
const widths = [1280, 320, ...(whole ? [640] : []), ...(process.env.PICTURES ? [390] : [])];

// visit examines an open page in every language and at every width.
async function visit(page: Page, name: string) {
  for (const [language, called] of Object.entries(languages)) {
    await page.getByRole("button", { name: called }).click();
    const text = await settled(page);
    await accessible(page, `${name} in ${language}`);
    expect.soft(steady(text), `${name} in ${language}`).toMatchSnapshot(`${name}-${language}.txt`);
    await picture(page, `${name}-${language}-1280`);
    for (const width of widths) {
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

for (const [part, pages] of Object.entries(parts)) {
  test(`every page: axe finds nothing, it fits, and it says what it said: ${part}`, async ({ koppi, comes }) => {
    test.setTimeout(600_000);
    const cases = await ordinary(koppi), people = new Map<string, Person>();
    for (const [name, who, path] of pages) {
      const known = people.get(who), person = known ?? await comes(who, { at: path(cases) });
      people.set(who, person);
      if (known) await known.go(path(cases));
      await visit(person.page, name);
    }
  });
}

test.describe("after months of work", () => {
  test.use({ clock: before, settings: "--calls-per-second=100000 --worker-calls-per-second=100000" });

  test("statistics, as every page", long, async ({ koppi, comes }) => {
    await months(koppi);
    const { page } = await comes("operator", { at: "/statistics" });
    await visit(page, "statistics");
  });
});
