import type { Page } from "@playwright/test";

import { expect, long, test } from "./fixtures";
import { friday, fridayClock, fridaySettings } from "./friday";
import { pictures } from "./pictures";
import { away, examined, holder, step, submit, team } from "./sharing";

// What a unit looks at on a Friday at 15.40, twenty minutes before the office closes.

test.use({ clock: fridayClock, settings: fridaySettings });

const part = (page: Page, name: string) => page.locator(`[data-part="${name}"]`);
const row = (page: Page, name: string, subject: string) => part(page, name).locator(`li:has(> a.row[data-subject="${subject}"])`);

test("the five parts of a Friday afternoon, each with one click to act", long, async ({ koppi, comes }) => {
  await team(koppi);
  const urgent = await submit(koppi, "URGENCY_URGENT");
  await step(koppi, "ps-33", "TakeConcern", urgent);
  await away(koppi, "ps-33", "2026-11-26", "2026-12-04", "ps-22");
  await away(koppi, "ps-22", "2026-12-02", "2026-12-02");
  const { emergency, late } = await friday(koppi), leader = await comes("ps-01", { width: 1366, height: 768 }), { page } = leader;
  await page.locator(".weekend-link").click();
  await expect(page).toHaveTitle("Ennen viikonloppua – Koppi");
  await expect(page.locator("[data-other-time]")).toHaveCount(0);

  // An emergency that nobody has touched: the sender is called with one click, and the matter opened.
  await expect(part(page, "untouched").locator("a.row")).toHaveCount(1);
  await expect(row(page, "untouched", emergency).locator('a[href^="tel:"]')).toBeVisible();
  // What is due before Monday 8.00: what is late, not what nobody has touched again.
  await expect(part(page, "due").locator("h2")).toContainText("Määräaika ennen ma 30.11. klo 8");
  await expect(row(page, "due", late)).toBeVisible();
  await expect(row(page, "due", emergency)).toHaveCount(0);
  // Absences with what is due in them.
  const gone = part(page, "away").locator("[data-absence]");
  await expect(gone).toHaveCount(2);
  await expect(gone.first()).toContainText("Outi Ohjaaja poissa to 26.11. – pe 4.12., sijainen Sari Toinen");
  await expect(gone.first().locator(`a.row[data-subject="${urgent}"]`)).toBeVisible();
  await expect(gone.last()).toContainText("Sari Toinen poissa ke 2.12.");
  await expect(gone.last()).toContainText("Poissaolon aikana ei eräänny asioita.");
  // Who is on call, in hours as people say them.
  const onCall = part(page, "on-call");
  await expect(onCall).toContainText("Sosiaalipäivystys");
  await expect(onCall).toContainText("Arkipäivinä 16–8, muina päivinä ympäri vuorokauden.");
  await expect(onCall.getByRole("link", { name: "Soita 017 000 0112" })).toHaveAttribute("href", "tel:0170000112");
  await pictures(page, "weekend");
  await examined(page, "weekend");

  // Passing on.
  await row(page, "untouched", emergency).locator("[data-pass]").click();
  const form = part(page, "untouched").locator("form.step-form");
  await leader.fill(form, { to: { unit: "tyoikaiset-kuopio", worker: "ps-21" } });
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-outcome=pass]")).toContainText("1 asia siirretty");
  expect(await holder(koppi, emergency)).toBe("ps-21");
  // It was passed on, and still nobody has touched it.
  await expect(row(page, "untouched", emergency)).toContainText("Saara Sosiaali");
  await page.locator("[data-undo]").click();
  await expect(page.locator("[data-outcome=undo]")).toContainText("1 asia palautettu");
  await step(koppi, "ps-21", "RecordContactAttempt", emergency, { result: "CONTACT_RESULT_REACHED" });
  await expect(part(page, "untouched")).toContainText("Jokaista hätää on käsitelty.");

  // The missing pair is told, and one click leads to where it is set.
  await expect(part(page, "duty")).toContainText("Viikolla 49 ei ole ketään päivystämässä.");
  await page.locator("[data-set-duty]").click();
  const week = page.locator('.weeks > li[data-week="2026-W49"]'), lists = week.locator("button[aria-haspopup=listbox]");
  for (const [at, name] of [[0, /^Saara Sosiaali/], [1, /^Sari Toinen/]] as const) {
    await lists.nth(at).click();
    await page.getByRole("option", { name }).click();
  }
  await week.locator("[data-send]").click();
  await expect(week.locator("[data-on-duty]")).toHaveCount(2);
  await leader.go("/weekend");
  await expect(part(page, "duty").locator("[data-on-duty]")).toHaveCount(2);
  // One of the pair is away on a day of that week.
  await expect(part(page, "duty").locator('[data-on-duty="ps-22"]')).toContainText("poissa ke 2.12.");
  await pictures(page, "weekend-later");
  await row(page, "due", late).locator("a.row").click();
  await expect(leader.matter).toBeVisible();
});

test("at another time the page says what time it is made for, and no list leads to it", long, async ({ koppi, comes }) => {
  await team(koppi);
  await submit(koppi);
  const leader = await comes("ps-01"), { page } = leader;
  await expect(page.locator("a.row").first()).toBeVisible();
  await expect(page.locator(".weekend-link")).toHaveCount(0);
  await leader.go("/weekend");
  await expect(page.locator("[data-other-time]")).toContainText("pe 27.11. klo 12 alkaen");
  await expect(part(page, "due").locator("h2")).toContainText("ennen ma 30.11. klo 8");
  await pictures(page, "weekend-other-time");
  // On the Friday from 12 on there is a link; at 11.59 there is none.
  for (const [time, links] of [["2026-11-27T09:59:00Z", 0], ["2026-11-27T10:00:00Z", 1]] as const) {
    await koppi.advance(time);
    await leader.go("/work");
    await expect(page.locator("a.row").first()).toBeVisible();
    await expect(page.locator(".weekend-link")).toHaveCount(links);
  }
  // Christmas and Easter make longer ones.
  for (const [time, from, until] of [
    ["2026-12-21T08:00:00Z", "ke 23.12. klo 12", "ma 28.12. klo 8"], ["2027-03-22T08:00:00Z", "to 25.3. klo 12", "ti 30.3. klo 8"],
  ] as const) {
    await koppi.advance(time);
    await leader.go("/weekend");
    await expect(page.locator("[data-other-time]")).toContainText(`${from} alkaen`);
    await expect(part(page, "due").locator("h2")).toContainText(`ennen ${until}`);
  }
});
