import { expect, long, test } from "./fixtures";
import { friday, fridayClock, fridaySettings, unit } from "./friday";
import { pictures } from "./pictures";
import type { Person } from "./person";

// What a duty worker sees on a Friday at 15.40 with thirty new matters, measured.

test.use({ clock: fridayClock, settings: fridaySettings });

const top = async (who: Person) => (await who.page.locator("a.row").first().boundingBox())!.y;
// The rows that are wholly within the window.
const inView = (who: Person) => who.page.locator("a.row").evaluateAll(
  (rows) => rows.filter((row) => { const { top, bottom } = row.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; }).length,
);
const pageScrolls = (who: Person) => who.page.evaluate(() => document.documentElement.scrollHeight - innerHeight);

test("a worklist begins high, shows eleven rows, and tells them apart", long, async ({ koppi, comes }) => {
  const { emergency } = await friday(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  await expect(worker.row(emergency)).toBeVisible();
  await pictures(page, "friday-worklist");
  expect(await top(worker)).toBeLessThanOrEqual(200);
  expect(await inView(worker)).toBeGreaterThanOrEqual(11);
  expect(await pageScrolls(worker), "the page scrolls beside its list").toBeLessThanOrEqual(0);
  // The emergency is first, and before what is late.
  await expect(page.locator("section[data-group]").first()).toHaveAttribute("data-group", "emergency");
  await expect(page.locator("a.row").first()).toHaveAttribute("data-subject", emergency);
  const texts = await page.locator("a.row").allInnerTexts();
  expect(new Set(texts).size, "rows that read alike").toBe(texts.length);
  // The open row is marked and in view.
  await worker.row(emergency).click();
  await expect(worker.row(emergency)).toHaveAttribute("aria-current", /./);
  await expect(worker.row(emergency)).toBeInViewport();
  await pictures(page, "friday-open");
  await page.setViewportSize({ width: 390, height: 844 });
  await worker.go("/work");
  await expect(worker.row(emergency)).toBeVisible();
  expect(await top(worker)).toBeLessThanOrEqual(240);
  expect(await pageScrolls(worker), "the page scrolls beside its list").toBeLessThanOrEqual(0);
  // 1280 × 1024 at 400 %.
  await page.setViewportSize({ width: 320, height: 256 });
  await expect(page.locator("a.row").first()).toBeInViewport();
});

test("what is new is counted as the API counts it", long, async ({ koppi, comes }) => {
  await friday(koppi);
  interface Item { status: { phase?: string; waitingOn?: { agency: string } } }
  const list = { queue: "QUEUE_UNIT", unit, pageSize: 1000 };
  const { items } = await koppi.call<{ items: Item[] }>("ps-21", "casework.v1.CaseworkService/ListWork", list);
  const fresh = items.filter(({ status }) => status.phase === "LOOP_PHASE_SENT" && status.waitingOn?.agency === "hva-pohjois-savo").length;
  const worker = await comes("ps-21");
  expect(fresh).toBeGreaterThanOrEqual(30);
  await expect(worker.page.locator("[data-filter=fresh] strong")).toHaveText(String(fresh));
  await expect(worker.page.locator("[data-filter=emergency] strong")).toHaveText("1");
});

test("thirty matters are passed on in forty clicks, told one by one, and undone", long, async ({ koppi, comes }) => {
  const { fresh } = await friday(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  await expect(worker.row(fresh[17]!)).toBeVisible();
  await page.evaluate(() => {
    const counted = window as { clicks?: number };
    counted.clicks = 0;
    // A click by keyboard has no detail.
    addEventListener("click", ({ detail }) => { if (detail > 0) counted.clicks! += 1; }, true);
  });
  await page.locator("[data-filter=fresh]").click();
  await page.locator("[data-tick-all]").click();
  await page.locator('.bar [data-act="receive"]').click();
  await expect(page.locator("[data-outcome=receive]")).toContainText("30 asiaa vastaanotettu", { timeout: 60_000 });
  await page.locator("[data-outcome] summary").click();
  await expect(page.locator("[data-outcome=receive] li")).toHaveCount(30);
  await page.locator("[data-filter=fresh]").click();
  await page.locator("[data-tick-all]").click();
  await page.locator('.bar [data-act="pass"]').click();
  const form = page.locator(".ticked form.step-form");
  await worker.fill(form, { to: { unit, worker: "ps-33" }, reason: "Sairastuin." });
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-outcome=pass]")).toContainText(/3\d asiaa siirretty/);
  expect(await page.evaluate(() => (window as { clicks?: number }).clicks)).toBeLessThanOrEqual(40);
  await pictures(page, "friday-passed");
  await page.locator("[data-undo]").click();
  await expect(page.locator("[data-outcome=undo]")).toContainText(/3\d asiaa palautettu/);
});

test("a key names the row in focus, and takes nothing at once", long, async ({ koppi, comes }) => {
  const { fresh } = await friday(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  let steps = 0;
  page.on("request", (request) => { if (/\/(Receive|Take)Concern$/.test(request.url())) steps += 1; });
  await worker.row(fresh[17]!).click();
  await expect(worker.matter).toBeVisible();
  await worker.row(fresh[17]!).focus();
  for (const key of ["j", "j", "r"]) await page.keyboard.press(key);
  const focused = page.locator('.bar [data-act="receive"]');
  await expect(focused).toBeFocused();
  const ticked = await page.locator("li[data-ticked] a.row").getAttribute("data-subject");
  expect(ticked).not.toBe(fresh[17]);
  expect(steps).toBe(0);
  await page.keyboard.press("Enter");
  await expect(page.locator("[data-outcome=receive]")).toContainText("1 asia vastaanotettu");
  expect(steps).toBe(1);
});

test("a worklist's first row is within ten tabs of the page's beginning", long, async ({ koppi, comes }) => {
  const { emergency } = await friday(koppi), worker = await comes("ps-21"), { page } = worker;
  await expect(worker.row(emergency)).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  let tabs = 1;
  for (; tabs <= 10; tabs += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement?.matches("a.row"))) break;
  }
  expect(tabs).toBeLessThanOrEqual(10);
});

test("where the system sets the colours, what is chosen and open still stands out", long, async ({ koppi, comes }) => {
  const { emergency, fresh } = await friday(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  await worker.row(emergency).click();
  await expect(worker.matter).toBeVisible();
  await page.emulateMedia({ forcedColors: "active" });
  const look = (selector: string) => page.locator(selector).first().evaluate((place) => {
    const { backgroundColor, outlineStyle } = getComputedStyle(place);
    return `${backgroundColor} ${outlineStyle}`;
  });
  for (const [chosen, other] of [
    ["[data-queue=unit]", "[data-queue=me]"], ['.rooms a[href="/work"]', '.rooms a[href="/sent"]'],
    [".urgency.emergency", ".urgency:not(.emergency)"],
    [`li:has(> a.row[data-subject="${emergency}"])`, `li:has(> a.row[data-subject="${fresh[3]}"])`],
  ] as const) expect(await look(chosen), chosen).not.toBe(await look(other));
});
