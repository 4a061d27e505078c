import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { report } from "./cases";
import { expect, long, test } from "./fixtures";
import { fridaySettings } from "./friday";
import type { Koppi } from "./koppi";
import { pictures } from "./pictures";
import { away, duty, examined, holder, step, submit, team } from "./sharing";

// The page by which a leader, or the pair on duty, shares out the work of a unit.

test.use({ settings: fridaySettings });

const rows = (page: Page, group = "") => page.locator(group ? `[data-group="${group}"] a.row` : ".matters a.row");
const worker = (page: Page, key: string) => page.locator(`.share-worker[data-worker="${key}"]`);
const give = (page: Page, key: string) => page.locator(`[data-give="${key}"]`);
// tickOf is the tick of a row.
const tickOf = (page: Page, subject: string) => page.locator(`.matters li:has(> a.row[data-subject="${subject}"]) .tick input`);
const subjects = (page: Page, group = "") =>
  rows(page, group).evaluateAll((all) => all.map((row) => row.getAttribute("data-subject")!));

async function many(koppi: Koppi, count: number) {
  const all: string[] = [];
  for (let index = 0; index < count; index += 1) all.push(await submit(koppi));
  return all;
}

// take makes a worker the holder of a new matter.
async function taken(koppi: Koppi, who: string, urgency?: string) {
  const subject = await submit(koppi, urgency);
  await step(koppi, who, "TakeConcern", subject);
  return subject;
}

test("ten matters go to three workers in eight clicks, each is told, and the last is undone", async ({ koppi, comes }) => {
  await team(koppi);
  const all = await many(koppi, 10), leader = await comes("ps-01", { width: 1366, height: 768 }), { page } = leader;
  await page.locator('.rooms a[href="/share"]').click();
  await expect(page).toHaveTitle("Jako – Koppi");
  await expect(rows(page)).toHaveCount(10);
  await examined(page, "nothing ticked");
  await page.evaluate(() => {
    const counted = window as { clicks?: number };
    counted.clicks = 0;
    addEventListener("click", ({ detail }) => { if (detail > 0) counted.clicks! += 1; }, true);
  });
  const shared = await subjects(page), got = [["ps-21", 4], ["ps-22", 3], ["ps-33", 3]] as const;
  let left = 10;
  for (const [who, count] of got) {
    await page.locator(count === left ? '[data-first="all"]' : `[data-first="${count}"]`).click();
    await expect(page.locator("[data-ticked]")).toHaveCount(count);
    if (left === 10) await pictures(page, "sharing-ticked");
    await give(page, who).click();
    left -= count;
    await expect(rows(page)).toHaveCount(left);
  }
  const clicks = await page.evaluate(() => (window as { clicks?: number }).clicks);
  console.log(`clicks for ten matters to three workers: ${clicks}`);
  expect(clicks).toBeLessThanOrEqual(8);
  const told = page.locator("[data-outcome=pass]");
  await expect(told).toHaveCount(3);
  await expect(told.first()).toContainText("3 asiaa siirretty: Outi Ohjaaja");
  // Nothing ends while the pointer rests on it.
  await told.first().hover();
  await told.first().locator("summary").click();
  await expect(told.first().locator("li")).toHaveCount(3);
  await pictures(page, "sharing-told");
  await expect(page.getByText("Kaikilla asioilla on käsittelijä.")).toBeVisible();
  let at = 0;
  for (const [who, count] of got) for (const subject of shared.slice(at, at += count)) expect(await holder(koppi, subject)).toBe(who);
  await told.first().locator("[data-undo]").click();
  await expect(page.locator("[data-outcome=undo]")).toContainText("3 asiaa palautettu");
  await expect(rows(page)).toHaveCount(3);
  for (const subject of shared.slice(7)) expect(await holder(koppi, subject)).toBe("");
  expect(new Set(shared)).toEqual(new Set(all));
});

test("an undo ends after ten seconds, not while it is in focus, and a key leads to it in time", long, async ({ koppi, comes }) => {
  await team(koppi);
  const [first, second] = await many(koppi, 2), { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  const undo = page.locator("[data-undo]");
  await go("/share");
  await tickOf(page, first!).check();
  await give(page, "ps-21").click();
  await expect(undo).toContainText("10 s");
  await undo.focus();
  // A pause that begins within a second shows no other number for longer than one.
  await expect(undo).toContainText(/(10|9) s/);
  await page.waitForTimeout(2_500);
  await expect(undo).toContainText(/(10|9) s/);
  await page.locator("#share-workers").click();
  await expect(undo).toHaveCount(0, { timeout: 15_000 });
  expect(await holder(koppi, first!)).toBe("ps-21");
  await tickOf(page, second!).check();
  await give(page, "ps-21").click();
  await expect(undo).toContainText("Kumoa siirto (u)");
  // The page hears keys a moment after it shows the button.
  await expect(async () => {
    await page.keyboard.press("u");
    await expect(page.locator("[data-outcome=undo]")).toContainText("1 asia palautettu", { timeout: 2_000 });
  }).toPass();
  await expect(tickOf(page, second!)).toBeVisible();
  expect(await holder(koppi, second!)).toBe("");
});

test("emergencies are first, then what is due first; workers with the least load are first, and keep their place", long, async ({
  koppi, comes,
}) => {
  await team(koppi);
  const normal = await submit(koppi), urgent = await submit(koppi, "URGENCY_URGENT"), emergency = await submit(koppi, "URGENCY_EMERGENCY");
  const judged = await taken(koppi, "ps-21", "URGENCY_URGENT");
  await step(koppi, "ps-21", "TriageConcern", judged, { track: "TRACK_SOCIAL_WORK", supportNeed: "SUPPORT_NEED_SPECIAL" });
  await taken(koppi, "ps-21");
  await taken(koppi, "ps-22");
  const { page, go } = await comes("ps-01", { width: 1366, height: 768 }), order = () => page.locator(".share-worker").evaluateAll(
    (all) => all.map((one) => one.getAttribute("data-worker")));
  await go("/share");
  await expect(rows(page)).toHaveCount(3);
  expect(await subjects(page, "emergency")).toEqual([emergency]);
  expect(await subjects(page)).toEqual([emergency, urgent, normal]);
  expect(await order()).toEqual(["ps-01", "ps-33", "ps-22", "ps-21"]);
  await expect(worker(page, "ps-21")).toContainText("sosiaalityöntekijä");
  await expect(worker(page, "ps-21").locator("[data-load]")).toHaveText(["2 avoinna", "1 kiireellinen"]);
  await expect(worker(page, "ps-21")).toContainText("Palvelulinja: sosiaalityö 1");
  await expect(worker(page, "ps-21")).toContainText("Tuen tarve: Erityinen tuki 1");
  await expect(worker(page, "ps-33").locator("[data-load]")).toHaveText(["0 avoinna"]);
  await pictures(page, "sharing");
  // What others do changes the figures, and moves nobody.
  await taken(koppi, "ps-33");
  await taken(koppi, "ps-33");
  await expect(worker(page, "ps-33").locator("[data-load=open]")).toHaveText("2 avoinna");
  expect(await order()).toEqual(["ps-01", "ps-33", "ps-22", "ps-21"]);
  await tickOf(page, emergency).check();
  await give(page, "ps-22").click();
  await expect.poll(order).toEqual(["ps-01", "ps-33", "ps-21", "ps-22"]);
  await page.locator('[data-first="all"]').click();
  await give(page, "ps-01").click();
  await expect.poll(order).toEqual(["ps-33", "ps-01", "ps-21", "ps-22"]);
});

test("what comes due while its holder is away is on top, and goes on with a reason", long, async ({ koppi, comes }) => {
  await team(koppi);
  await away(koppi, "ps-22", "2026-11-23", "2026-11-27");
  const free = await submit(koppi, "URGENCY_EMERGENCY"), due = await taken(koppi, "ps-22", "URGENCY_URGENT");
  const later = await taken(koppi, "ps-22");
  const { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  await go("/share");
  await expect(rows(page)).toHaveCount(2);
  expect(await subjects(page)).toEqual([due, free]);
  expect(await subjects(page, "absent")).toEqual([due]);
  await expect(page.locator(`a.row[data-subject="${later}"]`)).toHaveCount(0);
  await expect(page.locator("[data-group=absent]")).toContainText("Sari Toinen (poissa 27.11.2026 asti)");
  // Whoever is away is the last.
  await expect(page.locator(".share-worker").last()).toHaveAttribute("data-worker", "ps-22");
  await tickOf(page, due).check();
  await give(page, "ps-33").click();
  const form = worker(page, "ps-33").locator("form.step-form");
  await form.locator("[data-send]").click();
  await expect(form).toContainText("Kirjoita, miksi asia siirretään.");
  await pictures(page, "sharing-reason");
  await examined(page, "a reason is asked for");
  await form.locator("input").fill("Sari on poissa.");
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-outcome=pass]")).toContainText("1 asia siirretty: Outi Ohjaaja");
  await expect.poll(() => holder(koppi, due)).toBe("ps-33");
  // Undone, it is with the holder again.
  await page.locator("[data-undo]").click();
  await expect(page.locator("[data-outcome=undo]")).toBeVisible();
  expect(await holder(koppi, due)).toBe("ps-22");
});

test("before something goes to somebody who is away, or will be when it is due, the page asks", long, async ({ koppi, comes }) => {
  await team(koppi);
  await away(koppi, "ps-22", "2026-11-23", "2026-11-27");
  await away(koppi, "ps-33", "2026-11-24", "2026-11-24");
  const normal = await submit(koppi), urgent = await submit(koppi, "URGENCY_URGENT");
  const { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  await go("/share");
  await tickOf(page, normal).check();
  await give(page, "ps-22").click();
  const form = worker(page, "ps-22").locator("form.step-form");
  await expect(form).toContainText("Sari Toinen on poissa pe 27.11. asti. Siirretäänkö silti?");
  await pictures(page, "sharing-away");
  await examined(page, "an absence is asked about");
  await form.locator("[data-cancel]").click();
  expect(await holder(koppi, normal)).toBe("");
  // Before the absence only what is due in it is asked about.
  await give(page, "ps-33").click();
  await expect(page.locator("[data-outcome=pass]")).toContainText("Outi Ohjaaja");
  expect(await holder(koppi, normal)).toBe("ps-33");
  await tickOf(page, urgent).check();
  await give(page, "ps-33").click();
  await expect(worker(page, "ps-33").locator("form")).toContainText("Outi Ohjaaja on poissa ti 24.11. Siirretäänkö silti?");
  expect(await holder(koppi, urgent)).toBe("");
  await worker(page, "ps-33").locator("[data-send]").click();
  await expect.poll(() => holder(koppi, urgent)).toBe("ps-33");
});

test("of those reported again and again and never reached, who has no next step is first", long, async ({ koppi, comes }) => {
  await team(koppi);
  const unreached = async (code: string, next: object) => {
    const subject = await submit(koppi, "URGENCY_URGENT", code);
    await step(koppi, "ps-21", "TakeConcern", subject);
    await submit(koppi, "URGENCY_URGENT", code);
    for (const more of [{}, next]) {
      await step(koppi, "ps-21", "RecordContactAttempt", subject, {
        mode: "CONTACT_MODE_PHONE", result: "CONTACT_RESULT_NOT_REACHED", ...more,
      });
    }
    return subject;
  };
  const next = await unreached("140391-9021", { nextAttemptAt: "2026-11-25T08:00:00Z", nextMode: "CONTACT_MODE_HOME_VISIT" });
  const none = await unreached("010594Y9032", {});
  const { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  await go("/share");
  await expect(page.getByText("Kaikilla asioilla on käsittelijä.")).toBeVisible();
  await page.locator('[data-tab="repeated"]').click();
  await expect(page).toHaveURL(/tab=repeated/);
  await expect(rows(page)).toHaveCount(2);
  expect(await subjects(page)).toEqual([none, next]);
  expect(await subjects(page, "noNext")).toEqual([none]);
  await expect(page.locator("[data-tried]").first())
    .toHaveText("2 ilmoitusta vuoden aikana · ei tavoitettu 2 kertaa · ei seuraavaa askelta");
  await expect(page.locator("[data-tried]").last()).toContainText("seuraava yhteydenotto ke 25.11. klo 10, kotikäynti");
  await pictures(page, "sharing-repeated");
  await examined(page, "repeated");
  // Its holder gives it away with a reason, and it stays in the list.
  await tickOf(page, none).check();
  await give(page, "ps-22").click();
  await worker(page, "ps-22").locator("form input").fill("Kokeillaan työparina.");
  await worker(page, "ps-22").locator("[data-send]").click();
  await expect.poll(() => holder(koppi, none)).toBe("ps-22");
  await expect(rows(page)).toHaveCount(2);
});

test("what is refused is told row by row, and a tick with Shift goes through to the row", long, async ({ koppi, comes }) => {
  await team(koppi);
  await many(koppi, 5);
  const { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  await go("/share");
  await expect(rows(page)).toHaveCount(5);
  const shown = await subjects(page);
  await tickOf(page, shown[1]!).check();
  await tickOf(page, shown[3]!).click({ modifiers: ["Shift"] });
  await expect(page.locator("[data-ticked]")).toHaveCount(3);
  await expect(tickOf(page, shown[2]!)).toBeChecked();
  // The page does not hear that somebody was faster.
  await page.route("**/ListWork", () => {});
  await step(koppi, "ps-33", "TakeConcern", shown[2]!);
  await give(page, "ps-21").click();
  const told = page.locator("[data-outcome=pass]");
  await expect(told).toContainText("2 asiaa siirretty: Saara Sosiaali");
  await expect(told).toContainText("1 asialle ei tehty mitään:");
  await expect(told).not.toContainText(/[A-Z]+_[A-Z]+/);
  expect(await holder(koppi, shown[2]!)).toBe("ps-33");
});

test("who leads a unit or is on duty there finds the page; others get no link and a clear page", long, async ({ koppi, comes }) => {
  await team(koppi);
  await submit(koppi);
  const other = await comes("ps-33"), link = '.rooms a[href="/share"]', read: string[] = [];
  await expect(other.page.locator('.rooms a[href="/work"]')).toBeVisible();
  await expect(other.page.locator("a.row").first()).toBeVisible();
  await expect(other.page.locator(link)).toHaveCount(0);
  other.page.on("request", (request) => { if (request.url().endsWith("/ListWork")) read.push(request.url()); });
  await other.go("/share");
  await expect(other.page.locator("[data-not-allowed]")).toContainText("jotka johtavat yksikköä tai päivystävät siinä tällä viikolla");
  await expect(rows(other.page)).toHaveCount(0);
  expect(read, "nothing is read, and recorded, that is not shown").toEqual([]);
  await pictures(other.page, "sharing-not-allowed");
  await examined(other.page, "not allowed");
  await duty(koppi, "2026-W48", ["ps-21"]);
  const pair = await comes("ps-21");
  await pair.page.locator(link).click();
  await expect(rows(pair.page)).toHaveCount(1);
  await expect(worker(pair.page, "ps-21").locator('[data-mark="duty"]')).toBeVisible();
});

test("who leads several units chooses the unit, and the address keeps it", long, async ({ koppi, comes }) => {
  await team(koppi);
  await koppi.knows("ps-04");
  const party = { agency: "hva-pohjois-savo", unit: "palveluohjaus", worker: "ps-01" };
  await koppi.call("ps-system", "casework.v1.CaseworkService/PutColleague", {
    requestId: randomUUID(), colleague: { party, name: "Leena Lähi", profession: "social_worker", leader: true },
  });
  const subject = await report(koppi), { page, go } = await comes("ps-01", { width: 1366, height: 768 });
  await go("/share");
  await expect(page.getByText("Kaikilla asioilla on käsittelijä.")).toBeVisible();
  await page.locator(".share-unit button[aria-haspopup=listbox]").click();
  await page.getByRole("option", { name: "Työikäisten palveluohjaus" }).click();
  await expect(rows(page)).toHaveAttribute("data-subject", subject);
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
  await expect(worker(page, "ps-04")).toBeVisible();
  await pictures(page, "sharing-units");
  await examined(page, "several units");
  await tickOf(page, subject).check();
  await give(page, "ps-04").click();
  await expect(page.locator("[data-outcome=pass]")).toContainText("1 asia siirretty: Olli Ohjaaja");
});

test("of a unit that the user leads and does not read, the page does not say that it has nothing to share out", long, async ({ comes }) => {
  const { page, go } = await comes("tk-01");
  await go("/share?unit=paihdepalvelut");
  await expect(page.locator("[data-not-allowed=notRead]")).toContainText("vain sen oman alueen työntekijät");
  await go("/share");
  await expect(page.getByText("Kaikilla asioilla on käsittelijä.")).toBeVisible();
  await expect(page.locator(".share-unit button")).toHaveCount(0);
});
