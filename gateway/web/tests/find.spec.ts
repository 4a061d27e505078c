import { randomUUID } from "node:crypto";

import { accessible } from "./accessible";
import { consent, ordinary } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { picture, pictures } from "./pictures";

test("a client who rings is found by identity code, which is kept nowhere, and sees who looked", long, async ({ koppi, comes }) => {
  const { concern } = await ordinary(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), { page } = worker;
  const form = page.locator("form.step-form"), code = form.locator('[data-field="code"] input');
  await worker.go("/client");
  await worker.fill(form, { code: "010594", why: "rang" });
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="code"]')).toContainText("Kirjoita henkilötunnus muodossa PPKKVV-123A.");
  // A code of which there is no matter.
  await code.fill("051179-913X");
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-nobody]")).toContainText("Ei asioita, jotka voisit nähdä");
  await pictures(page, "find-nobody");
  await accessible(page);
  await worker.fill(form, { code: "030694w9024", why: "rang" });
  const stored = () => page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage, address: location.href }));
  expect(await stored()).not.toContain("030694");
  await pictures(page, "find");
  await accessible(page);
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-client]")).toBeVisible();
  await expect(page.locator(`[data-subject="${concern}"]`)).toBeVisible();
  await expect(page.locator("main")).toContainText("Asiakas soitti");
  expect((await stored()).toLowerCase()).not.toContain("030694");
  const client = await comes("client", { width: 390, height: 844 });
  await client.go("/own?show=looked");
  await client.page.locator("[data-day] button").first().click().catch(() => undefined);
  await expect(client.page.locator("main")).toContainText("Haki asioitasi henkilötunnuksellasi.");
});

test("another agency finds nobody of whom it has no matter", async ({ koppi, comes }) => {
  await ordinary(koppi);
  const jobs = await comes("ty-09"), form = jobs.page.locator("form.step-form");
  await jobs.go("/client");
  await jobs.fill(form, { code: "030694W9024", why: "other", purpose: "Tapaaminen." });
  await form.locator("[data-send]").click();
  await expect(jobs.page.locator("[data-nobody]")).toContainText("Ei asioita, jotka voisit nähdä");
  await jobs.page.locator('[data-nobody] [data-begin="concern"]').click();
  await expect(jobs.page).toHaveURL(/\/new\/concern/);
});

// A client of the addiction clinic, whom the health centre does not read.
async function ofTheClinic(koppi: Koppi) {
  const requestId = randomUUID;
  const { referral } = await koppi.call<{ referral: { referralId: string } }>("ps-21", "referral.v1.ReferralService/SendReferral", {
    requestId: requestId(), client: { personalIdentityCode: "030694W9024", language: "fi" },
    receiver: { agency: "terveys-pohjois-savo", unit: "paihdepalvelut" }, basis: consent("703/2023 § 53.3"),
    kind: "REFERRAL_KIND_SERVICE", reason: "Vieroitushoidon arvio.", urgency: "URGENCY_NORMAL",
  });
  await koppi.call("pp-01", "referral.v1.ReferralService/AcceptReferral", { requestId: requestId(), referralId: referral.referralId });
  return `referrals/${referral.referralId}`;
}

test("in an emergency a nurse reads what another unit has, takes no step, and is named to the client", long, async ({ koppi, comes }) => {
  const subject = await ofTheClinic(koppi), nurse = await comes("tk-02", { width: 1366, height: 768 }), { page } = nurse;
  const form = page.locator("form.step-form"), stored = async () => (await page.evaluate(
    () => JSON.stringify({ ...sessionStorage, ...localStorage, address: location.href, before: history.state }))).toLowerCase();
  await nurse.go("/client");
  await nurse.fill(form, { code: "030694W9024", why: "came" });
  await form.locator("[data-send]").click();
  await page.locator("[data-nobody] [data-emergency]").click();
  await expect(form).toHaveAttribute("data-form", "OpenEmergencyReadingRequest");
  await expect(form).toContainText("Asiakas näkee, kuka katsoi ja mistä syystä.");
  await form.locator("[data-send]").click();
  await expect(form.locator('[data-field="reason"]')).toContainText("Valitse syy.");
  await expect(form.locator('[data-field="explanation"]')).toContainText("Kuvaa tilanne.");
  await pictures(page, "find-emergency");
  await accessible(page);
  await nurse.fill(form, { reason: "life", explanation: "Tuotiin sekavana, epäily yliannostuksesta." });
  expect(await stored()).not.toContain("030694");
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-emergency-until]")).toContainText("Katsot asioita hätätilanteessa");
  await expect(page.locator(`[data-subject="${subject}"]`)).toBeVisible();
  await expect(page.locator("main [data-step], main [data-begin]")).toHaveCount(0);
  expect(await stored()).not.toContain("030694");
  await expect(page.locator("main")).not.toContainText("030694");
  await pictures(page, "find-emergency-client");
  await accessible(page);
  await page.locator(`[data-subject="${subject}"]`).click();
  await expect(nurse.matter.locator("[data-read-only]")).toBeVisible();
  await expect(nurse.summary).toContainText("Päivi Päihde");
  const call = nurse.matter.locator('section[aria-labelledby=side-responsible] a[data-call]');
  await expect(call).toHaveAttribute("href", "tel:0170003200");
  await expect(nurse.matter.locator("[data-step], [data-more], [data-begin]")).toHaveCount(0);
  await pictures(page, "find-emergency-matter");
  await accessible(page);

  const client = await comes("client", { width: 390, height: 844 }), looked = client.page.locator("[data-day]");
  await expect(client.page.locator(`[data-situation="${subject}"] .call-who`)).toContainText("Päivi Päihde");
  await client.go("/own?show=looked");
  await expect(looked.locator("h4", { hasText: "Niina Hoitaja" })).toHaveCount(1);
  const read = looked.locator("[data-in-emergency]");
  await expect(read).toContainText("Hätätilanne: henki tai terveys oli vaarassa. Esihenkilö tarkistaa tämän vielä.");
  await expect(read.locator("li", { hasText: "Katsoi lähetettä tai siirtoa." })).toHaveCount(1);
  await expect(read).toContainText("Avasi asiasi katsottavaksi hätätilanteessa 24 tunniksi.");
  await expect(looked).toContainText("Haki asioitasi henkilötunnuksellasi.");
  await expect(client.page.locator("main")).not.toContainText(/tk-02|yliannostuksesta|Asiakas tuli paikalle/);
  await picture(client.page, "own-looked-emergency");
  await accessible(client.page);

  // The leader reviews it, and keeps the nurse's name from clients.
  const { readings } = await koppi.call<{ readings: { emergencyReadingId: string }[] }>(
    "tk-01", "casework.v1.CaseworkService/ListEmergencyReadings", { unreviewedOnly: true });
  await koppi.call("tk-01", "casework.v1.CaseworkService/ReviewEmergencyReading", {
    requestId: randomUUID(), emergencyReadingId: readings[0]!.emergencyReadingId, verdict: "REVIEW_VERDICT_JUSTIFIED",
  });
  await koppi.call("tk-01", "casework.v1.CaseworkService/PutColleague", {
    requestId: randomUUID(), colleague: {
      party: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio", worker: "tk-02" }, unnamed: true,
    },
  });
  await client.go("/own?show=looked");
  await expect(read).toContainText("Esihenkilö on tarkistanut tämän: syy oli hyväksyttävä.");
  await expect(looked.locator("[data-withheld-name]")).toContainText("Työntekijän nimeä ei kerrota");
  await expect(client.page.locator("main")).not.toContainText("Niina Hoitaja");
  await picture(client.page, "own-looked-withheld");
});

test("an agency whose people read all of it needs no emergency reading, and says so", long, async ({ koppi, comes }) => {
  await ofTheClinic(koppi);
  const kela = await comes("kela-17"), { page } = kela, form = page.locator("form.step-form");
  await kela.go("/client");
  await kela.fill(form, { code: "030694W9024", why: "rang" });
  await form.locator("[data-send]").click();
  await page.locator("[data-nobody] [data-emergency]").click();
  await kela.fill(form, { reason: "present", explanation: "Asiakas on palvelupisteessä." });
  await form.locator("[data-send]").click();
  await expect(page.locator("[data-whole]")).toContainText("Näet jo viranomaisesi kaikki asiat");
});
