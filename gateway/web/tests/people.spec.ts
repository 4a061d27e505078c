import { randomUUID } from "node:crypto";
import type { Locator, Page } from "@playwright/test";

import { accessible } from "./accessible";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { picture, pictures } from "./pictures";

// fits says that nothing is wider than a small phone.
async function fits(page: Page) {
  const before = page.viewportSize()!;
  await page.setViewportSize({ width: 360, height: 780 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
    .toBeLessThanOrEqual(0);
  await page.setViewportSize(before);
}

const of = (page: Page, worker: string) => page.locator(`.colleagues > li[data-worker="${worker}"]`);
const week = (page: Page, name: string) => page.locator(`.weeks > li[data-week="${name}"]`);

// pick chooses from a list by what it says.
async function pick(page: Page, list: Locator, option: RegExp) {
  // A form takes the focus once it has opened, which closes a list that was opened at once.
  await expect(async () => {
    await list.click();
    await page.getByRole("option", { name: option }).click({ timeout: 2_000 });
  }).toPass();
}

test("a worker edits the own telephone and hours, beside the field that is wrong", long, async ({ koppi, comes }) => {
  await koppi.knows("tk-01");
  const { page } = await comes("tk-02", { at: "/people", width: 1366, height: 768 }), own = of(page, "tk-02");
  await expect(own).toContainText("Yksikön numero");
  await expect(of(page, "tk-01").locator("[data-step]")).toHaveCount(0);
  await expect(week(page, "2026-W48").locator("[data-step]")).toHaveCount(0);
  await own.getByRole("button", { name: "Muokkaa tietojani" }).click();
  const phone = own.locator('[data-field="phone"]');
  await own.locator('[data-field="title_fi"] input').fill("Sairaanhoitaja");
  await phone.locator("input").fill("soita minulle");
  await own.locator("[data-add-hours]").click();
  const times = own.locator(".hours-row .fi-time-input input");
  await times.first().fill("11");
  await times.last().fill("9.30");
  await own.locator("[data-send]").click();
  await expect(phone).toContainText("Kirjoita numero muodossa");
  await expect(own.locator('[data-field="hours"]')).toContainText("ensin aikaisempi");
  await pictures(page, "people-own");
  await accessible(page);
  await fits(page);
  await phone.locator("input").fill("044 555 0102");
  await times.first().fill("8");
  await own.locator("[data-send]").click();
  await expect(own.getByRole("link", { name: "044 555 0102" })).toHaveAttribute("href", "tel:0445550102");
  await expect(own).toContainText("ma–pe 8–9.30");
  await expect(own).toContainText("Sairaanhoitaja");
  await expect(own.getByRole("button", { name: "Muokkaa tietojani" })).toBeFocused();
});

test("a leader sets a week by names and marks a colleague as unnamed", async ({ koppi, comes }) => {
  await koppi.knows("tk-02");
  const { page } = await comes("tk-01", { at: "/people", width: 1366, height: 768 });
  const nurse = of(page, "tk-02"), last = week(page, "2026-W50");
  await expect(page.locator(".weeks > li")).toHaveCount(8);
  await expect(last).toContainText("Viikolla 50 ei ole ketään päivystämässä");
  await last.locator('[data-step="SetDuty"]').click();
  const lists = last.locator("button[aria-haspopup=listbox]");
  await pick(page, lists.first(), /^Taina Lähi/);
  await pick(page, lists.nth(1), /^Niina Hoitaja/);
  await pictures(page, "people-week");
  await last.locator("[data-send]").click();
  await expect(last.locator("[data-on-duty]")).toHaveText(["Taina Lähi", "Niina Hoitaja"]);

  await nurse.getByRole("button", { name: "Muokkaa" }).click();
  await nurse.locator('[data-field="unnamed"] label').click();
  await pictures(page, "people-edit");
  await nurse.locator("[data-send]").click();
  await expect(nurse.locator('[data-mark="unnamed"]')).toBeVisible();

  // Another unit, without its own leader, is led by who leads the intake unit.
  const choice = page.locator(".unit-choice button[aria-haspopup=listbox]");
  await pick(page, choice, /^Päihdepalvelut/);
  await expect(page.locator('[data-section="colleagues"]')).toContainText("ei ole vielä työntekijöitä");
});

test("an absence is recorded, seen by the others, and removed", long, async ({ koppi, comes }) => {
  await koppi.knows("tk-01");
  const worker = await comes("tk-02", { at: "/people", width: 1366, height: 768 });
  const { page } = worker, roster = page.locator('[data-section="roster"]');
  await roster.locator('[data-step="SetAbsence"]').click();
  const form = roster.locator("form.step-form");
  await worker.fill(form, { from: "2026-12-01", to: "2026-11-30" });
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="to"]')).toContainText("Viimeinen päivä ei voi olla ennen ensimmäistä.");
  await worker.fill(form, { to: "2026-12-04" });
  await pick(page, form.locator('[data-field="substitute"] button[aria-haspopup=listbox]'), /^Taina Lähi/);
  await accessible(page);
  await fits(page);
  await pictures(page, "people-absence");
  await form.locator("[data-send]").click();
  const row = roster.locator("[data-absence]");
  await expect(row).toContainText("Niina Hoitaja");
  await expect(row).toContainText("ti 1.12. – pe 4.12.");
  await expect(row).toContainText("sijainen Taina Lähi");
  await expect(of(page, "tk-02").locator('[data-mark="away"]')).toContainText("poissa ti 1.12. – pe 4.12.");
  const leader = await comes("tk-01", { at: "/people", width: 1366, height: 768 });
  await expect(of(leader.page, "tk-02").locator('[data-mark="away"]')).toBeVisible();
  await pictures(leader.page, "people");
  await accessible(leader.page);
  await fits(leader.page);
  // The absence is changed in place, and what is not changed stays.
  const edited = row.locator("form.step-form"), first = edited.locator('[data-field="from"] input').first();
  await row.locator('[data-step="ChangeAbsence"]').press("Enter");
  await expect(first).toBeFocused();
  await expect(first).toHaveValue("1.12.2026");
  await expect(edited.locator('[data-field="substitute"]')).toContainText("Taina Lähi");
  await worker.fill(edited, { to: "2026-11-30" });
  await edited.locator("[data-send]").click();
  await expect(edited.locator('[data-field="to"]')).toContainText("Viimeinen päivä ei voi olla ennen ensimmäistä.");
  await pictures(page, "people-absence-change");
  await accessible(page);
  await fits(page);
  await worker.fill(edited, { to: "2026-12-07" });
  await edited.locator("[data-send]").click();
  await expect(row.locator('[data-step="ChangeAbsence"]')).toBeFocused();
  await expect(row).toHaveCount(1);
  await expect(row).toContainText("ti 1.12. – ma 7.12.");
  await expect(row).toContainText("sijainen Taina Lähi");
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, "people-absences-390");
  await page.setViewportSize({ width: 1366, height: 768 });
  await fits(page);
  // Who leads the unit changes it too.
  const led = leader.page.locator("[data-absence]");
  await leader.go("/people");
  await led.locator('[data-step="ChangeAbsence"]').click();
  await pick(leader.page, led.locator('[data-field="substitute"] button[aria-haspopup=listbox]'), /^Ei sijaista/);
  await led.locator("[data-send]").click();
  await expect(led).toContainText("ti 1.12. – ma 7.12.");
  await expect(led).not.toContainText("sijainen");
  await row.locator('[data-step="RemoveAbsence"]').click();
  await row.locator("[data-send]").click();
  await expect(row).toHaveCount(0);
  await expect(roster).toContainText("Näillä viikoilla ei ole poissaoloja.");
});

test("a reading in an emergency is reviewed by keyboard, and never by the reader", long, async ({ koppi, comes }) => {
  const open = (explanation: string) => koppi.call("tk-02", "casework.v1.CaseworkService/OpenEmergencyReading", {
    requestId: randomUUID(), personalIdentityCode: "030694W9024", reason: "EMERGENCY_REASON_LIFE_OR_HEALTH", explanation,
  });
  await open("Tuotiin sekavana, epäily yliannostuksesta.");
  await open("Omaiset kysyivät.");
  const { page } = await comes("tk-01", { width: 1366, height: 768 });
  const room = page.locator('.rooms a[href="/reviews"]'), waiting = page.locator('[data-section="waiting"]');
  await expect(room.locator("[data-reviews]")).toHaveAttribute("data-reviews", "2");
  await room.press("Enter");
  await expect(waiting.locator("[data-reading]")).toHaveCount(2);
  const first = waiting.locator("[data-reading]", { hasText: "yliannostuksesta" });
  const second = waiting.locator("[data-reading]", { hasText: "Omaiset" });
  for (const words of ["Niina Hoitaja", "Kuopion terveysasema", "Henki tai terveys vaarassa", "ei lukenut yhtään asiaa"]) {
    await expect(first).toContainText(words);
  }
  await pictures(page, "reviews");
  await accessible(page);
  await fits(page);
  await second.locator('[data-step="NotJustified"]').press("Enter");
  await expect(second.locator("textarea")).toBeFocused();
  await second.locator("[data-send]").press("Enter");
  await expect(second.locator('[data-field="note"]')).toContainText("Kerro, miksi katselu ei ollut perusteltu.");
  await pictures(page, "reviews-form");
  await accessible(page);
  await second.locator("textarea").pressSequentially("Syy ei riitä.");
  await second.locator("[data-send]").press("Enter");
  await expect(waiting.locator("h2")).toBeFocused();
  await expect(page.locator("[role=status].told")).toHaveText("Katselmointi on kirjattu.");
  await first.locator('[data-step="Justified"]').press("Enter");
  await first.locator("[data-send]").press("Enter");
  await expect(waiting).toContainText("Ei katselmoitavaa.");
  await expect(room.locator("[data-reviews]")).toHaveCount(0);
  await expect(page.locator('[data-section="reviewed"] [data-verdict]')).toHaveCount(2);
  await pictures(page, "reviews-reviewed");
  await accessible(page);

  const reader = await comes("tk-02", { at: "/reviews" });
  const own = reader.page.locator('[data-section="own"] [data-reading]');
  await expect(own).toHaveCount(2);
  await expect(own.first()).toContainText("Taina Lähi");
  await expect(reader.page.locator('.reviews [data-step]')).toHaveCount(0);
});

test("a change of an absence keeps a substitute that is a unit", long, async ({ koppi, comes }) => {
  const substitute = { agency: "terveys-pohjois-savo", unit: "paihdepalvelut" };
  const away = { worker: "tk-02", from: "2026-12-01", to: "2026-12-04" };
  await koppi.knows("tk-02");
  await koppi.call("tk-02", "casework.v1.CaseworkService/SetAbsence", { requestId: randomUUID(), ...away, substitute });
  const { page } = await comes("tk-02", { at: "/people" }), row = page.locator("[data-absence]"), form = row.locator("form.step-form");
  await row.locator('[data-step="ChangeAbsence"]').click();
  await expect(form.locator('[data-field="substitute"]')).toContainText("Päihdepalvelut");
  await form.locator('[data-field="to"] input').first().fill("3.12.2026");
  await form.locator("[data-send]").click();
  await expect(row).toContainText("ti 1.12. – to 3.12.");
  await expect(row).toContainText("sijainen Päihdepalvelut");
});

// A worker leads a unit by its record alone: the agency's system says so.
const leads = (koppi: Koppi, worker: string, unit: string, profession = "health_professional") =>
  koppi.call("tk-system", "casework.v1.CaseworkService/PutColleague", {
    requestId: randomUUID(), colleague: { party: { agency: "terveys-pohjois-savo", unit, worker }, profession, leader: true },
  });

test("who leads a unit by record alone has the badge of what to review, and others have not", long, async ({ koppi, comes }) => {
  const open = (worker: string, personalIdentityCode: string) => koppi.call(worker, "casework.v1.CaseworkService/OpenEmergencyReading", {
    requestId: randomUUID(), personalIdentityCode, reason: "EMERGENCY_REASON_LIFE_OR_HEALTH", explanation: "Omaiset kysyivät.",
  });
  await open("tk-01", "030694W9024");
  await open("pp-01", "010594Y9032");
  const nurse = await comes("tk-02"), badge = nurse.page.locator('.rooms a[href="/reviews"] [data-reviews]');
  const answered = nurse.page.waitForResponse((response) => response.url().endsWith("/ListEmergencyReadings"));
  await nurse.go("/people");
  await answered;
  await expect(nurse.page.locator(".colleagues")).toBeVisible();
  await expect(badge).toHaveCount(0);
  // The intake unit: the addiction services have no leader of their own.
  await leads(koppi, "tk-02", "terveysasema-kuopio");
  await nurse.page.reload();
  await expect(badge).toHaveAttribute("data-reviews", "2");
  await expect(nurse.page.locator('.rooms a[href="/reviews"]')).toHaveAccessibleName("Hätäkatselut 2 katselmoitavana");
  await nurse.page.locator('.rooms a[href="/reviews"]').click();
  const waiting = nurse.page.locator('[data-section="waiting"] [data-reading]');
  await expect(waiting).toHaveCount(2);
  await pictures(nurse.page, "reviews-by-record");
  await waiting.first().locator('[data-step="Justified"]').click();
  await waiting.first().locator("[data-send]").click();
  await expect(badge).toHaveAttribute("data-reviews", "1");
  // A unit that is not the own one.
  await open("tk-02", "140391-9021");
  await leads(koppi, "pp-01", "terveysasema-kuopio");
  const other = await comes("pp-01");
  await expect(other.page.locator('.rooms a[href="/reviews"] [data-reviews]')).toBeVisible();
});

test("people and reviews are for workers", long, async ({ comes }) => {
  for (const name of ["client", "operator"]) {
    const { page } = await comes(name);
    for (const room of ["people", "reviews"]) await expect(page.locator(`.rooms a[href="/${room}"]`)).toHaveCount(0);
  }
});
