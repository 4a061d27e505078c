import { randomUUID } from "node:crypto";
import type { Locator, Page } from "@playwright/test";

import { accessible } from "./accessible";
import { adults } from "./begin";
import { consent, ordinary, report } from "./cases";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

// The client's first screen answers what happens now, and whom to call. It is measured on a telephone.

const herself = "030694W9024", phone = { width: 390, height: 844 };
const situations = (page: Page) => page.locator("[data-situation]");
const expectation = (at: Locator) => at.locator("[data-expectation]");
const number = (at: Locator, of: "unit" | "emergency" | "112") => at.locator(`[data-call="${of}"]`);

// inFirstScreen measures that something is wholly in what the page shows before it is scrolled.
async function inFirstScreen(page: Page, what: Locator) {
  await expect(what).toBeVisible();
  const box = (await what.boundingBox())!, { width, height } = page.viewportSize()!;
  expect(await page.evaluate(() => scrollY)).toBe(0);
  expect(box.y).toBeGreaterThanOrEqual(0);
  expect(box.y + box.height, await what.innerText()).toBeLessThanOrEqual(height);
  expect(box.x + box.width).toBeLessThanOrEqual(width);
}

// unfold opens every fold, and those within them.
async function unfold(page: Page) {
  const closed = page.locator("[data-fold] button[aria-expanded=false]");
  while ((await closed.count()) > 0) await closed.first().click();
  await expect(page.locator("main")).not.toContainText("Ladataan");
}

test("both answers are in the first screen of a telephone, the most pressing situation first", long, async ({ koppi, comes }) => {
  const { concern, referral, plan } = await ordinary(koppi);
  const urgent = await report(koppi, { code: herself, urgency: "URGENCY_EMERGENCY", unit: adults.unit });
  const ids = { requestId: randomUUID(), concernId: urgent.split("/")[1] };
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", ids);
  const client = await comes("client", phone), { page } = client, first = situations(page).first();
  await expect(situations(page)).toHaveCount(4);
  expect(await situations(page).evaluateAll((all) => all.map((one) => one.getAttribute("data-situation"))))
    .toEqual([urgent, concern, referral, plan]);
  await inFirstScreen(page, expectation(first));
  await expect(expectation(first)).toHaveText("Sinuun otetaan yhteyttä viimeistään ma 23.11. klo 10.");
  for (const of of ["unit", "emergency", "112"] as const) await inFirstScreen(page, number(first, of));
  await expect(number(first, "unit")).toHaveText("Soita 017 000 2300");
  await expect(number(first, "unit")).toHaveAttribute("href", "tel:0170002300");
  await inFirstScreen(page, first.locator("[data-urgent]"));
  await expect(first.locator("[data-urgent]"))
    .toHaveText("Jos kukaan ei ole ottanut yhteyttä ma 23.11. klo 10 mennessä, soita sosiaalipäivystykseen tai 112.");
  await pictures(page, "firstscreen-urgent");
  // Each situation has one sentence on what is expected, and a number without a click.
  for (const one of await situations(page).all()) {
    await expect(expectation(one)).toHaveCount(1);
    await expect(expectation(one)).toHaveText(/^[^.?!]+(\d\.[^.?!]*)*\.$/);
    await expect(number(one, "unit")).toBeVisible();
  }
  // A client who was reached is not told to wait for a contact.
  const reached = page.locator(`[data-situation="${concern}"]`);
  await expect(expectation(reached)).toContainText("arviointi");
  await expect(reached).not.toContainText("ottanut yhteyttä");
  const meets = page.locator(`[data-situation="${referral}"]`);
  await expect(meets.locator("[data-meeting]")).toHaveText(/ti 1\.12\. klo 10\s*Terveysasema/);
  await expect(number(meets, "unit")).toHaveAttribute("href", "tel:0170003100");
});

test("once the time of an urgent matter has passed, its one sentence says so", long, async ({ koppi, comes }) => {
  const urgent = await report(koppi, { code: herself, urgency: "URGENCY_EMERGENCY", unit: adults.unit });
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId: urgent.split("/")[1] });
  await koppi.advance("3660s");
  const { page } = await comes("client", phone), first = situations(page).first();
  await expect(expectation(first)).toHaveCount(1);
  await expect(expectation(first)).toContainText("Sinuun piti ottaa yhteyttä viimeistään ma 23.11. klo 10");
  await expect(first.locator("[data-urgent]")).toContainText("soita nyt sosiaalipäivystykseen tai 112");
  for (const what of [expectation(first), number(first, "emergency"), number(first, "unit")]) await inFirstScreen(page, what);
  await pictures(page, "firstscreen-late");
});

test("outside hours the numbers are those that are answered, by the domain's clock in Finland", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { code: herself, unit: adults.unit });
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId: subject.split("/")[1] });
  const client = await comes("client", phone), { page } = client, only = situations(page);
  await inFirstScreen(page, number(only, "unit"));
  await expect(only).toContainText("ma–pe 9–11, ma–to 12–15");
  await expect(only).toContainText("Esimerkkikatu 3, 70100 Kuopio");
  await expect(number(only, "emergency")).toHaveCount(0);
  await expect(only.locator("[data-closed]")).toHaveCount(0);
  await pictures(page, "firstscreen-open");
  for (const [now, opens] of [
    ["2026-11-23T09:30:00Z", "ma 23.11. klo 12"], ["2026-11-27T13:40:00Z", "ma 30.11. klo 9"], ["2026-12-05T22:30:00Z", "ma 7.12. klo 9"],
    // Christmas Eve is a Thursday, and Christmas Day is no working day either.
    ["2026-12-24T08:00:00Z", "ma 28.12. klo 9"],
  ] as const) {
    await koppi.advance(now);
    await page.reload();
    await expect(only.locator("[data-closed]")).toHaveText(`Puhelinpalvelu on nyt suljettu. Se avautuu ${opens}.`);
    await expect(number(only, "emergency")).toHaveAttribute("href", "tel:0170000112");
    await expect(number(only, "112")).toHaveAttribute("href", "tel:112");
    for (const what of [expectation(only), number(only, "emergency"), number(only, "112")]) await inFirstScreen(page, what);
  }
  await pictures(page, "firstscreen-closed");
});

test("matters of one case are one situation; what else there is folds, and has no key, id or code", long, async ({ koppi, comes }) => {
  test.setTimeout(120_000);
  const concern = await report(koppi, { code: herself, unit: adults.unit }), concernId = concern.split("/")[1];
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId });
  interface Got { concern: { caseId: string } }
  const { concern: { caseId } } = await koppi.call<Got>("ps-21", "concern.v1.ConcernService/GetConcern", { concernId });
  const { referral } = await koppi.call<{ referral: { referralId: string } }>("ps-21", "referral.v1.ReferralService/SendReferral", {
    requestId: randomUUID(), caseId, client: { personalIdentityCode: herself, language: "fi" }, kind: "REFERRAL_KIND_SERVICE",
    receiver: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" }, basis: consent("703/2023 § 53"),
    serviceKey: "tyokyvyn-arvio", reason: "Työkyvyn arvio.", urgency: "URGENCY_NORMAL",
  });
  await koppi.call("ps-21", "concern.v1.ConcernService/PlanContact", { requestId: randomUUID(), concernId, at: "2026-11-24T08:00:00Z" });
  const client = await comes("client", phone), { page } = client;
  await expect(situations(page)).toHaveCount(1);
  await expect(expectation(situations(page))).toHaveText("Sinuun otetaan yhteyttä sovittuna aikana.");
  await inFirstScreen(page, page.locator("[data-meeting]"));
  await expect(page.locator("[data-meeting]")).toContainText("ti 24.11. klo 10");
  await expect(page.locator("article[data-subject]")).toHaveCount(0);
  await pictures(page, "firstscreen-case");
  await accessible(page);
  const raw = new RegExp([
    "[A-Z]{3,}_[A-Z]", "\\bown:", "[a-z]+_[a-z]+", "\\{\\{", "[0-9a-f]{8}-[0-9a-f]{4}", "\\b(ps|tk|kela)-\\d\\d\\b", "hva-", "tyoikaiset-",
    "terveysasema-", "undefined", "Invalid",
  ].join("|"));
  for (const language of ["Suomi", "Svenska", "English"]) {
    await page.getByRole("button", { name: language }).click();
    await unfold(page);
    await expect(page.locator(`article[data-subject="referrals/${referral.referralId}"]`)).toBeVisible();
    await expect(page.locator(".course-of li").first()).toBeVisible();
    await expect(page.locator("[data-day]").first()).toBeVisible();
    expect(await page.locator("main").innerText()).not.toMatch(raw);
  }
  await accessible(page);
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  }
});

test("who looked: a worklist that was read all day is one line", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { code: herself, unit: adults.unit });
  const list = () => koppi.call("ps-21", "casework.v1.CaseworkService/ListWork", { queue: "QUEUE_UNIT", unit: adults.unit, pageSize: 100 });
  for (let times = 0; times < 3; times += 1) { await list(); await koppi.advance("600s"); }
  await koppi.call("ps-21", "concern.v1.ConcernService/GetConcern", { concernId: subject.split("/")[1] });
  await list();
  const { page, go } = await comes("client", phone), day = page.locator("[data-day]");
  await go("/own?show=looked");
  await expect(day).toHaveCount(1);
  await expect(day.locator("li", { hasText: "Näkyi työlistalla." })).toHaveCount(1);
  await expect(day.locator("li", { hasText: "Näkyi työlistalla." })).toHaveText(/^Näkyi työlistalla\.9\.00–9\.30\./);
  await expect(day.locator("li", { hasText: "Katsoi huoli-ilmoitusta." })).toHaveCount(1);
  await pictures(page, "firstscreen-looked");
});

test("what waits for the client is in view, and the page works by keyboard and on paper", long, async ({ koppi, comes }) => {
  const concern = await report(koppi, { code: herself, unit: adults.unit }), concernId = concern.split("/")[1];
  await koppi.call("ps-21", "concern.v1.ConcernService/ReceiveConcern", { requestId: randomUUID(), concernId });
  await koppi.call("ps-21", "consent.v1.ConsentService/ProhibitTransfer", {
    requestId: randomUUID(), client: { personalIdentityCode: herself, language: "fi" }, recipient: { agency: "kela" },
    reason: "Asiakas pyysi tätä vastaanotolla.",
  });
  const { page } = await comes("client", phone);
  await expect(page).toHaveTitle("Omat asiani – Koppi");
  await inFirstScreen(page, page.locator(".waiting-notice a"));
  await inFirstScreen(page, number(situations(page), "unit"));
  await expect(page.locator('[data-step="ConfirmDirective"]')).toBeVisible();
  await pictures(page, "firstscreen-waiting");
  // From the skip link the notice is the first stop, and the number the second.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(number(situations(page), "unit")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator(`article[data-subject="${concern}"]`)).toBeVisible();
  await page.emulateMedia({ media: "print" });
  const surroundings = page.locator(".top, .fi-skip-link, .fi-button, .waiting-notice, [data-fold=looked]");
  await expect(surroundings.filter({ visible: true })).toHaveCount(0);
  for (const printed of [expectation(situations(page)), page.locator(`article[data-subject="${concern}"]`)]) {
    await expect(printed).toBeVisible();
  }
});
