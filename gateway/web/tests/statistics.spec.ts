import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { called, expected, fi, first, last, sum } from "./counted";
import { expect, long, test } from "./fixtures";
import { before, months } from "./months";

test.use({ clock: before, settings: "--calls-per-second=100000 --worker-calls-per-second=100000" });

const picture = (page: Page, name: string) => page.locator(`[data-picture="${name}"]`);

// table opens the numbers of a picture and reads them, the head first.
async function table(page: Page, name: string): Promise<string[][]> {
  const of = picture(page, name), rows = of.locator("table tr");
  if (!(await rows.first().isVisible())) await of.getByRole("button", { name: fi.table! }).click();
  await expect(rows.first()).toBeVisible();
  return rows.evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
}

// Tables of paths and waits have an order of their own.
const sorted = (rows: string[][]) => rows.map((row) => row.join(" | ")).sort();

async function holds(page: Page, all: Record<string, string[][]>) {
  for (const [name, want] of Object.entries(all)) {
    const heads = ["waits", "path"].includes(name), numbers = (heads ? want : want.slice(1)).flatMap((row) => row.slice(1));
    if (!numbers.some((number) => number !== fi.tooFew)) {
      await expect(picture(page, name), name).toHaveAttribute("data-empty", "true");
      continue;
    }
    await expect.poll(async () => { const rows = await table(page, name); return heads ? sorted(rows.slice(1)) : rows; }, name)
      .toEqual(heads ? sorted(want) : want);
    await expect(picture(page, name).getByRole("img", { name: await picture(page, name).locator("h2").innerText() }), name).toBeVisible();
    if (heads || name === "doors") continue;
    const sums = want.slice(1).map((row) => row.at(-1)!).filter((number) => number !== fi.tooFew);
    expect(await picture(page, name).locator("svg[role=img] text.strong").allTextContents(), name).toEqual(sums);
    await expect(picture(page, name).locator(".notes"), name)
      .toContainText(fi.ofAll!.replace("{{number}}", sum(sums.map(Number)).toLocaleString("fi")));
  }
}

// cutOff returns texts of pictures that extend beyond them, and tables that can neither be seen
// whole nor scrolled.
const cutOff = (page: Page) => page.evaluate(() => {
  const texts = [...document.querySelectorAll(".drawing svg[role=img] text")].filter((text) => {
    const { left, right } = text.getBoundingClientRect(), frame = text.closest(".drawing")!.getBoundingClientRect();
    return left < frame.left - 1 || right > frame.right + 1;
  });
  const tables = [...document.querySelectorAll(".sheet")]
    .filter((sheet) => sheet.scrollWidth > sheet.clientWidth && getComputedStyle(sheet).overflowX !== "auto");
  return [...texts.map((text) => text.textContent), ...tables.map((sheet) => sheet.getAttribute("aria-label"))];
});

async function choose(page: Page, label: string, name: string) {
  await page.getByRole("button", { name: label }).click();
  await page.getByRole("option", { name, exact: true }).click();
}

async function saved(page: Page, name: string): Promise<{ file: string; rows: string[][] }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`[data-save="${name}"]`).click()]);
  const text = readFileSync(await download.path(), "utf8");
  expect(text.startsWith("\uFEFF"), "spreadsheets read it as UTF-8").toBe(true);
  return { file: download.suggestedFilename(), rows: text.slice(1).trimEnd().split("\r\n").map((line) => line.split(";")) };
}

test("statistics show each reader what the API tells it, in pictures, tables and files", long, async ({ koppi, comes }) => {
  await months(koppi);
  const operator = await comes("operator"), worker = await comes("ps-21"), kela = await comes("kela-17"), youth = await comes("en-03");
  for (const [person, name, own] of [[operator, "operator"], [worker, "ps-21", "hva-pohjois-savo"], [kela, "kela-17", "kela"]] as const) {
    await person.go("/statistics");
    await holds(person.page, await expected(koppi, name, own));
  }
  await test.step("the reader of an agency sees its own rows alone, an operator all", async () => {
    const ways = async (person: typeof kela) => (await table(person.page, "path")).slice(1), all = await ways(operator);
    const own = await ways(kela);
    for (const [sender, receiver] of own) expect([sender, receiver]).toContain("Kansaneläkelaitos");
    expect(own.filter(([sender, , service]) => sender === "Kansaneläkelaitos" && service === fi.service_concern).map((way) => way.at(-1)))
      .toEqual([fi.notDisclosed, fi.notDisclosed]);
    expect(all.filter(([sender, receiver]) => ![sender, receiver].includes("Kansaneläkelaitos")).length).toBeGreaterThan(2);
    expect(all.length).toBeGreaterThan(own.length);
  });
  await test.step("a file holds what its table shows", async () => {
    for (const name of ["arrivals", "breaks", "waits", "path", "ends", "repeats", "noShows", "doors"]) {
      const { file, rows } = await saved(operator.page, name);
      expect(file).toBe(`koppi-${name}-${first}-${last}.csv`);
      expect(rows, name).toEqual(await table(operator.page, name));
    }
  });
  await test.step("other months and another service are other numbers", async () => {
    const { page } = operator;
    await choose(page, fi.from!, called("2026-09"));
    await holds(page, await expected(koppi, "operator", undefined, "2026-09"));
    await choose(page, fi.service!, fi.service_referral!);
    const { repeats: _, ...asked } = await expected(koppi, "operator", undefined, "2026-09", "referral");
    await expect(picture(page, "repeats")).toHaveCount(0);
    await holds(page, {
      ...asked, noShows: [asked.noShows![0]!.filter((name) => name !== fi.service_concern), ...asked.noShows!.slice(1)],
    });
    expect((await saved(page, "arrivals")).file).toBe(`koppi-arrivals-2026-09-${last}.csv`);
    // The choice is in the address, and survives a reload.
    await page.reload();
    await expect(page.getByRole("button", { name: fi.from! })).toContainText(called("2026-09"));
    await expect(picture(page, "repeats")).toHaveCount(0);
  });
  await test.step("what is too few is said to be, and not shown", async () => {
    await expect(picture(worker.page, "arrivals").locator(".notes")).toContainText(`(alle 5): ${called(first)}.`);
    await youth.go("/statistics");
    for (const name of ["arrivals", "breaks", "waits", "path", "ends", "repeats", "noShows"]) {
      await expect(picture(youth.page, name), name).toHaveAttribute("data-empty", "true");
    }
    await expect(picture(youth.page, "arrivals")).toContainText(fi.tooFewAtAll!);
    await expect(youth.page.locator("[data-save]")).toHaveCount(1);
    await choose(worker.page, fi.to!, called(first));
    await expect(worker.page.locator("[data-picture]:not([data-empty])")).toHaveCount(0);
  });
});

test("statistics are reached by the keyboard, fit, and axe finds nothing", long, async ({ koppi, comes }) => {
  await months(koppi);
  const { page, go } = await comes("operator");
  await go("/statistics");
  // The keyboard reaches every choice, table and download.
  await page.locator('[data-picture="doors"]').waitFor();
  await page.getByRole("button", { name: fi.from! }).focus();
  const at = (what: string) => page.evaluate((of) => document.activeElement?.matches(of) ?? false, what);
  const tabTo = async (what: string) => {
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press("Tab");
      if (await at(what)) return;
    }
    throw new Error(`the keyboard does not reach ${what}`);
  };
  for (const _ of [fi.to, fi.service]) await tabTo("[aria-haspopup=listbox]");
  for (const name of ["arrivals", "breaks", "waits", "path", "ends", "repeats", "noShows", "doors"]) {
    await tabTo(`[data-picture="${name}"] button[aria-expanded=false]`);
    await page.keyboard.press("Enter");
    await tabTo(`[data-picture="${name}"] .sheet`);
    await tabTo(`[data-save="${name}"]`);
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  expect(download.suggestedFilename()).toContain("doors");
  for (const language of ["Suomi", "Svenska", "English"]) {
    await page.getByRole("button", { name: language }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", { Suomi: "fi", Svenska: "sv", English: "en" }[language]!);
    await accessible(page, language);
    for (const width of [320, 640, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        `${language} at ${width} px is wider by`,
      ).toBeLessThanOrEqual(0);
      await expect.poll(() => cutOff(page), `${language} at ${width} px: cut off`).toEqual([]);
    }
  }
});
