import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { consent } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import type { Person } from "./person";
import { pictures } from "./pictures";

// The clients' names in a worklist, by one switch.

const named = { code: "010594Y9032", details: { familyName: "Asiakas", givenNames: "Anna Maria" } };
const hidden = { code: "140391-9021", details: { familyName: "Piilo", givenNames: "Bertta", nonDisclosure: true } };
const unnamed = { code: "030694W9024" };
interface Client { code: string; details?: object }

const clientOf = ({ code, details }: Client) => ({ personalIdentityCode: code, language: "fi", details });

async function report(koppi: Koppi, client: Client, unit = "tyoikaiset-kuopio") {
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), client: clientOf(client), receiver: { agency: "hva-pohjois-savo", unit }, urgency: "URGENCY_URGENT",
    basis: consent("1301/2014 § 35.1"), topics: ["TOPIC_RENT_ARREARS", "TOPIC_ELECTRICITY_CUT"], description: "Kaksi vuokraa maksamatta.",
  });
  return concern.concernId;
}

async function taken(koppi: Koppi, client: Client) {
  const concernId = await report(koppi, client);
  await koppi.call("ps-21", "concern.v1.ConcernService/TakeConcern", { requestId: randomUUID(), concernId });
  return `concerns/${concernId}`;
}

// A referral that waits for a unit of health care.
async function referred(koppi: Koppi, client: Client) {
  const { referral } = await koppi.call<{ referral: { referralId: string } }>("ps-21", "referral.v1.ReferralService/SendReferral", {
    requestId: randomUUID(), client: clientOf(client), receiver: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" },
    basis: consent("703/2023 § 53"), kind: "REFERRAL_KIND_SERVICE", reason: "Työkyvyn arvio.", urgency: "URGENCY_NORMAL",
  });
  return `referrals/${referral.referralId}`;
}

const toggle = (page: Page) => page.locator(".names input");
const names = (page: Page) => page.locator("[data-client-name]");
const client = (who: Person, subject: string) => who.row(subject).locator("[data-client-name]");

async function fits(page: Page) {
  const before = page.viewportSize()!;
  for (const width of [360, 320]) {
    await page.setViewportSize({ width, height: 780 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth))
      .toBeLessThanOrEqual(0);
    // No name is cut.
    const cut = await names(page).evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length);
    expect(cut, `names cut at ${width} px`).toBe(0);
  }
  await page.setViewportSize(before);
}

test("names are shown by one switch in the own queue, recorded, and kept nowhere", async ({ koppi, comes }) => {
  const [anna, bertta, third] = [await taken(koppi, named), await taken(koppi, hidden), await taken(koppi, unnamed)];
  const worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker, asked: boolean[] = [], addresses: string[] = [];
  page.on("request", (request) => {
    addresses.push(request.url());
    if (request.url().endsWith("/ListWork")) asked.push(request.postDataJSON().withNames === true);
  });
  // Who neither leads the unit nor is on duty in it is offered no names in its queue.
  await expect(worker.row(anna)).toBeVisible();
  await expect(toggle(page)).toHaveCount(0);
  await page.locator('[data-queue="me"]').click();
  await expect(worker.row(anna)).toBeVisible();
  await expect(toggle(page)).not.toBeChecked();
  await expect(page.locator(".names")).toContainText("Näyttämisestä jää merkintä lokiin.");
  await expect(names(page)).toHaveCount(0);
  expect(asked).not.toContain(true);
  await pictures(page, "names-off");
  await toggle(page).focus();
  await page.keyboard.press("Space");
  await expect(toggle(page)).toBeChecked();
  await expect(client(worker, anna)).toContainText("Asiakas Anna Maria");
  await expect(client(worker, anna)).toContainText("s. 1.5.1994");
  await expect(client(worker, bertta)).toContainText("Piilo Bertta");
  await expect(client(worker, bertta)).toContainText("Turvakielto");
  await expect(client(worker, third)).toHaveText("Asiakas: s. 3.6.1994");
  await expect(client(worker, anna).locator("[data-non-disclosure]")).toHaveCount(0);
  await pictures(page, "names-on");
  await accessible(page);
  await fits(page);
  // A name is found by what is typed, and neither is kept.
  const search = page.locator(".list .fi-search-input input");
  await search.fill("anna");
  await expect(page.locator("a.row")).toHaveCount(1);
  const kept = async () => JSON.stringify([
    addresses, await page.evaluate(() => [{ ...sessionStorage }, { ...localStorage }, location.href, document.title, history.state]),
  ]);
  expect(await kept()).not.toMatch(/Asiakas Anna|Piilo|1994|anna/i);
  await search.fill("");
  // Beside an open matter.
  await worker.row(bertta).click();
  await expect(worker.matter).toBeVisible();
  await expect(client(worker, bertta)).toContainText("Piilo Bertta");
  await pictures(page, "names-open");
  await accessible(page);
  // Of the whole agency no names may be asked for; back in the own queue they are shown as before.
  await page.locator('[data-queue="agency"]').click();
  await expect(worker.row(anna)).toBeVisible();
  await expect(toggle(page)).toHaveCount(0);
  await expect(names(page)).toHaveCount(0);
  await page.locator('[data-queue="me"]').click();
  await expect(names(page)).toHaveCount(3);
  for (const [language, label, born, protection] of [
    ["Svenska", "Visa namn", "f. 1.5.1994", "Spärrmarkering"], ["English", "Show names", "born 1.5.1994", "Non-disclosure"],
    ["Suomi", "Näytä nimet", "s. 1.5.1994", "Turvakielto"],
  ] as const) {
    await page.getByRole("button", { name: language }).click();
    await expect(page.getByLabel(label)).toBeChecked();
    await expect(client(worker, anna)).toContainText(born);
    await expect(client(worker, bertta)).toContainText(protection);
    await fits(page);
  }
  await page.locator(".names label").click();
  await expect(names(page)).toHaveCount(0);
  await expect(page.locator("a.row")).toHaveCount(3);
  await page.locator(".names label").click();
  await expect(names(page)).toHaveCount(3);
  // A page that is loaded again begins without.
  await page.reload();
  await expect(worker.row(anna)).toBeVisible();
  await expect(toggle(page)).not.toBeChecked();
  await expect(names(page)).toHaveCount(0);
  // The client sees that the name was shown.
  const own = await comes("client");
  await own.becomes(named.code);
  await own.go("/own?show=looked");
  await expect(own.page.locator("main")).toContainText("Saara Sosiaali");
});

test("who leads a unit sees the names of its queue, and under a non-disclosure a mark without a name", long, async ({ koppi, comes }) => {
  const anna = await referred(koppi, named), bertta = await referred(koppi, hidden), leader = await comes("tk-01"), { page } = leader;
  await expect(leader.row(anna)).toBeVisible();
  await page.locator(".names label").click();
  await expect(client(leader, anna)).toContainText("Asiakas Anna Maria");
  await expect(client(leader, bertta)).toHaveText("Asiakas: !Turvakielto");
  await expect(page.locator(".list")).not.toContainText(/Piilo|1991/);
  await pictures(page, "names-leader");
  await accessible(page);
  await fits(page);
});

test("who is on duty sees the names of the unit's queue, and not any longer when the duty has ended", long, async ({ koppi, comes }) => {
  const anna = await referred(koppi, named), nurse = await comes("tk-02"), { page } = nurse;
  const duty = (workers: string[]) => koppi.call("tk-01", "casework.v1.CaseworkService/SetDuty", {
    requestId: randomUUID(), unit: "terveysasema-kuopio", week: "2026-W48", workers,
  });
  await expect(nurse.row(anna)).toBeVisible();
  await expect(toggle(page)).toHaveCount(0);
  await duty(["tk-02"]);
  await page.reload();
  await page.locator(".names label").click();
  await expect(client(nurse, anna)).toContainText("Asiakas Anna Maria");
  await duty([]);
  const second = await referred(koppi, unnamed);
  // The list goes on without names.
  await expect(page.locator(".names")).toHaveText("Et voi nyt näyttää tämän listan nimiä.", { timeout: 30_000 });
  await expect(names(page)).toHaveCount(0);
  await page.locator("button.fresh").click();
  await expect(nurse.row(second)).toBeVisible();
  await expect(nurse.row(anna)).toBeVisible();
  await expect(page.locator(".problem")).toHaveCount(0);
  await pictures(page, "names-refused");
  await page.locator('[data-queue="me"]').click();
  await expect(toggle(page)).toBeChecked();
});
