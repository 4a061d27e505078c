import { AxeBuilder } from "@axe-core/playwright";

import { report } from "./cases";
import { Endpoint } from "./endpoint";
import { expect, test as base } from "./fixtures";

const test = base.extend<{ endpoint: Endpoint }>({
  endpoint: async ({}, use) => {
    const endpoint = new Endpoint();
    await use(endpoint);
    endpoint.stop();
  },
  settings: async ({ endpoint }, use) => use(await endpoint.settings("kela")),
});

test("an operator sees what is overdue, follows its trace, and retries a parked callback", async ({ koppi, comes, endpoint }) => {
  const subject = await report(koppi), { page } = await comes("operator");
  const figure = (name: string) => page.locator(`[data-figure="${name}"] strong`);
  await expect(figure("openTile")).toHaveText("1");
  await expect(figure("silentTile")).toHaveText("0");
  // The endpoint refuses Kela's messages; nobody reloads the page.
  const parked = page.locator(`[data-section="parked"] tr[data-subject="${subject}"]`);
  await expect(parked).toContainText("InvalidArgument");
  await koppi.advance("864000s");
  const silent = page.locator(`[data-section="silent"] tr[data-subject="${subject}"]`);
  await expect(silent).toContainText("myöhässä");
  await expect(silent).toContainText("Pohjois-Savon hyvinvointialue");
  await expect(figure("silentTile")).toHaveText("1");
  await expect(page.locator('[data-section="open"] tbody tr')).toHaveCount(1);

  await silent.getByRole("button").click();
  const trace = page.locator('[data-section="trace"]');
  await expect(trace).toContainText("koppi.concern.v1.ConcernService/SubmitConcern");
  await expect(trace).toContainText("send hva-pohjois-savo");
  // The parked subject is delivered again from its beginning.
  await expect(trace).toContainText("koppi.concern.v1.ConcernSubmitted");
  await expect(page.locator("main")).not.toContainText("Kaksi vuokraa");

  for (const width of process.env.PICTURES ? [1280, 390] : []) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${process.env.PICTURES}/operations-${width}.jpg`, type: "jpeg", quality: 70, fullPage: true });
  }
  endpoint.mended = true;
  await parked.getByRole("button", { name: "Toimita uudelleen" }).click();
  // The gateway checks for requests to deliver again every five seconds.
  await expect(page.locator('[data-section="parked"]')).toContainText("Kaikki viestit on toimitettu.", { timeout: 60_000 });
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test("an emergency that nobody has touched comes before what is late for longer, with whom to ring", async ({ koppi, comes }) => {
  const late = await report(koppi);
  await koppi.advance("864000s");
  const emergency = await report(koppi, { urgency: "URGENCY_EMERGENCY", code: "030694W9024" });
  await koppi.advance("3660s");
  const { page } = await comes("operator"), rows = page.locator('[data-section="silent"] tbody tr');
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(0)).toHaveAttribute("data-subject", emergency);
  await expect(rows.nth(0)).toContainText("Hätätilanne");
  await expect(rows.nth(0).getByRole("link", { name: "Soita +358 17 000 0001" })).toHaveAttribute("href", "tel:+358170000001");
  await expect(rows.nth(1)).toHaveAttribute("data-subject", late);
  await expect(rows.nth(1).getByRole("link")).toHaveCount(0);
  await expect(page.locator('[data-figure="untouchedTile"] strong')).toHaveText("1");
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
});

test("operations are for operators: a worker has no such room, and is refused what is in it", async ({ koppi, comes }) => {
  const { page, go, matter } = await comes("kela-17");
  await expect(page.locator('.rooms a[href="/operations"]')).toHaveCount(0);
  await go("/operations");
  await expect(page.locator(".problem")).toBeVisible();
  await expect(matter).toHaveCount(0);
  await expect(koppi.call("kela-17", "operator.v1.OperatorService/GetOverview", {})).rejects.toThrow("ROLE_NOT_ALLOWED");
});
