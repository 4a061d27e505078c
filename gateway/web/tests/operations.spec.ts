import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { report } from "./cases";
import { Endpoint } from "./endpoint";
import { expect, long, test as base } from "./fixtures";
import { pictures } from "./pictures";
import { rawOf } from "./rawkeys";

const test = base.extend<{ called: string[]; endpoint: Endpoint }>({
  called: [["kela"], { option: true }],
  endpoint: async ({}, use) => {
    const endpoint = new Endpoint();
    await use(endpoint);
    endpoint.stop();
  },
  settings: async ({ endpoint, called }, use) => use(await endpoint.settings(...called)),
});

const line = (page: Page, agency: string) => page.locator(`.partner[data-agency="${agency}"]`);

test("an operator delivers a refused message again, and follows the trace of what is overdue", long, async ({ koppi, comes, endpoint }) => {
  const subject = await report(koppi), { page } = await comes("operator");
  const figure = (name: string) => page.locator(`[data-figure="${name}"]`);
  await expect(figure("openTile").locator("strong")).toHaveText("1");
  await expect(figure("silentTile").locator("strong")).toHaveText("0");
  const wide = page.locator(".agency-wide");
  await expect(wide).toContainText("Kansaneläkelaitos");
  await expect(wide).not.toContainText("hyvinvointialue");
  // The endpoint refuses Kela's messages; nobody reloads the page.
  const kela = line(page, "kela"), refused = kela.locator(`li[data-subject="${subject}"]`);
  await expect(kela).toHaveAttribute("data-state", "parked");
  await expect(refused).toContainText("viestin tietoja ei hyväksytä");
  await expect(figure("parkedTile").locator("strong")).toHaveText("1");
  await koppi.advance("864000s");
  await expect(figure("silentTile").locator("strong")).toHaveText("1");
  const silent = page.locator(`[data-section="silent"] tr[data-subject="${subject}"]`);
  await expect(silent).toBeHidden();
  await figure("silentTile").getByRole("link").click();
  await expect(silent).toContainText("myöhässä");
  await expect(silent).toContainText("Pohjois-Savon hyvinvointialue");
  await expect(page.locator('[data-section="open"] tbody tr')).toHaveCount(1);

  await silent.getByRole("button").click();
  const trace = page.locator('[data-section="trace"]');
  await expect(trace).toContainText("koppi.concern.v1.ConcernService/SubmitConcern");
  await expect(trace).toContainText("send hva-pohjois-savo");
  // The parked subject is delivered again from its beginning.
  await expect(trace).toContainText("koppi.concern.v1.ConcernSubmitted");
  await expect(page.locator("main")).not.toContainText("Kaksi vuokraa");
  await accessible(page);

  endpoint.mended = true;
  await refused.getByRole("button", { name: "Toimita nyt" }).click();
  // The gateway checks for requests to deliver again every five seconds.
  await expect(kela).toHaveAttribute("data-state", "working", { timeout: 60_000 });
  await expect(refused).toHaveCount(0);
  await expect(figure("parkedTile").locator("strong")).toHaveText("0");
});

test.describe("three endpoints", () => {
  test.use({ called: ["kela", "hva-pohjois-savo", "tyollisyys-kuopio"] });

  test("one that answers 503 is seen as failing within a minute, above all others", long, async ({ koppi, comes, endpoint }) => {
    endpoint.closed.add("hva-pohjois-savo");
    const { page, go } = await comes("operator", { width: 1366, height: 768 });
    await go("/operations");
    const closed = line(page, "hva-pohjois-savo"), first = page.locator(".partner").first();
    await expect(page.locator('.partner[data-state="working"]')).toHaveCount(3);
    const subject = await report(koppi);
    await expect(closed).toHaveAttribute("data-state", "failing", { timeout: 60_000 });
    // What fails comes first, then what refused a message, then what works.
    const states = () => page.locator(".partner").evaluateAll((all) => all.map((one) => one.getAttribute("data-state")));
    await expect.poll(states).toEqual(["failing", "parked", "working"]);
    for (const words of ["Ei vastaanota", "1 viesti jonossa", "Järjestelmä on poissa käytöstä (HTTP 503).", "Uusi yritys"]) {
      await expect(closed).toContainText(words);
    }
    expect((await first.boundingBox())!.y).toBeLessThanOrEqual(300);
    await pictures(page, "operations-failing");
    for (const width of [320, 640]) {
      await page.setViewportSize({ width, height: 768 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 1366, height: 768 });
    await accessible(page);
    for (const language of ["Svenska", "English", "Suomi"]) {
      await page.getByRole("button", { name: language }).click();
      expect(await rawOf(page)).toEqual([]);
    }

    // Each tile leads to the list of what it counts, and shows it.
    const tiles = page.locator("[data-figure]");
    await expect(tiles.getByRole("link")).toHaveCount(await tiles.count());
    for (const [tile, section] of [["failing", "partners"], ["parked", "partners"], ["silent", "silent"], ["open", "open"]]) {
      await page.locator(`[data-figure="${tile}Tile"]`).getByRole("link").press("Enter");
      const list = page.locator(`[data-section="${section}"]`);
      await expect(section === "partners" ? list : list.getByRole("button", { expanded: true })).toBeFocused();
    }
    await expect(page.locator('[data-section="open"] tbody tr')).toBeVisible();

    endpoint.closed.clear();
    endpoint.mended = true;
    await closed.getByRole("button", { name: "Toimita nyt" }).click();
    await expect(closed).toHaveAttribute("data-state", "working");
    await expect(closed).toContainText("Jono tyhjä");
    await expect(closed).toContainText("Toimitettu viimeksi klo");
    await expect(line(page, "kela").locator(`li[data-subject="${subject}"]`)).toBeVisible();
    await expect.poll(states).toEqual(["parked", "working", "working"]);
  });
});

test("an emergency that nobody has touched comes before what is late for longer, with whom to ring", long, async ({ koppi, comes }) => {
  const late = await report(koppi);
  await koppi.advance("864000s");
  const emergency = await report(koppi, { urgency: "URGENCY_EMERGENCY", code: "030694W9024" });
  await koppi.advance("3660s");
  const { page } = await comes("operator"), rows = page.locator('[data-section="silent"] tbody tr');
  await expect(rows).toHaveCount(2);
  // Such a list is open from the start.
  await expect(rows.nth(0)).toBeVisible();
  await expect(rows.nth(0)).toHaveAttribute("data-subject", emergency);
  await expect(rows.nth(0)).toContainText("Hätätilanne");
  await expect(rows.nth(0).getByRole("link", { name: "Soita +358 17 000 0001" })).toHaveAttribute("href", "tel:+358170000001");
  await expect(rows.nth(1)).toHaveAttribute("data-subject", late);
  await expect(rows.nth(1).getByRole("link")).toHaveCount(0);
  await expect(page.locator('[data-figure="untouchedTile"] strong')).toHaveText("1");
  await pictures(page, "operations-emergency");
  await accessible(page);
});

test("operations are for operators: a worker has no such room, and is refused what is in it", async ({ koppi, comes }) => {
  const { page, go, matter } = await comes("kela-17");
  await expect(page.locator('.rooms a[href="/operations"]')).toHaveCount(0);
  await go("/operations");
  await expect(page.locator(".problem")).toBeVisible();
  await expect(matter).toHaveCount(0);
  await expect(koppi.call("kela-17", "operator.v1.OperatorService/GetOverview", {})).rejects.toThrow("ROLE_NOT_ALLOWED");
});
