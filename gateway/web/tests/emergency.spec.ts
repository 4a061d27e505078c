import { accessible } from "./accessible";
import { adults, consented, county, health, known } from "./begin";
import { directoryTest } from "./directory";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { pictures } from "./pictures";

// An emergency in the forms: to whom it goes at this time, and whom to ring besides.

const about = { ...known("010594Y9032"), topics: ["TOPIC_HOMELESSNESS"], urgency: "URGENCY_EMERGENCY" };
const said = (who: Person) => who.page.locator("[data-emergency]");
const call = (who: Person, name: string) => said(who).locator(`[data-call="${name}"]`);
const languages = ["Svenska", "English", "Suomi"];

async function reports(who: Person, receiver: object) {
  await who.go("/new/concern");
  await who.fill(who.page.locator("form.step-form"), { ...about, ...consented, receiver });
}

test.describe("on a Friday afternoon", () => {
  test.use({ clock: "2026-11-27T15:59:00+02:00" });

  test("an emergency goes to the office until four, and then to the unit on call, as the form says", async ({ koppi, comes }) => {
    const kela = await comes("kela-17", { width: 1280, height: 900 }), { page } = kela, form = page.locator("form.step-form");
    await kela.go("/new/concern");
    await kela.fill(form, { ...known("010594Y9032"), receiver: { ...county, ...adults }, ground: "now" });
    await kela.next(form);
    await kela.fill(form, { topics: ["TOPIC_HOMELESSNESS"] });
    await expect(said(kela)).toHaveCount(0);
    // What loads later moves what is below it.
    await expect(form.locator('[data-field="attachments"] input')).toBeAttached();
    await kela.fill(form, { urgency: "URGENCY_EMERGENCY" });
    // What is said of it is seen without scrolling.
    await expect(said(kela)).toBeInViewport({ ratio: 1 });
    // The office's telephone is not answered on a Friday afternoon.
    await expect(said(kela)).toContainText("Asia menee nyt tänne: Työikäisten sosiaalipalvelut, Kuopio.");
    await expect(said(kela)).toContainText("Puhelimeen ei vastata juuri nyt: 017 000 2300 ma–pe 9–11, ma–to 12–15");
    await expect(call(kela, "emergency")).toHaveAttribute("href", "tel:0170000112");
    await koppi.advance("2026-11-27T14:00:00Z");
    await page.reload();
    await expect(said(kela)).toContainText("Asia menee nyt päivystykseen: Sosiaalipäivystys.");
    await expect(said(kela)).toContainText("Soita myös: 017 000 0112");
    await expect(call(kela, "unit")).toHaveAttribute("href", "tel:0170000112");
    await expect(call(kela, "112")).toHaveAttribute("href", "tel:112");
    await expect(call(kela, "emergency")).toHaveCount(0);
    await call(kela, "112").scrollIntoViewIfNeeded();
    await pictures(page, "emergency-on-call");
    for (const language of languages) {
      await page.getByRole("button", { name: language }).click();
      await accessible(page);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 900 });
    }
    // The keyboard reaches the number after the urgencies.
    await form.locator('[data-field="urgency"] input:checked').focus();
    await page.keyboard.press("Tab");
    await expect(call(kela, "unit")).toBeFocused();
    await kela.next(form);
    await expect(page.locator(".preview")).toContainText("Sosiaalipäivystys, Pohjois-Savon hyvinvointialue");
    await kela.fill(form, { feedback: "yes" });
    await kela.send(form);
    await expect(page.locator("[data-receipt]")).toContainText("Sosiaalipäivystys");
    await expect(call(kela, "unit")).toHaveAttribute("href", "tel:0170000112");
    await accessible(page);
    await pictures(page, "emergency-receipt");
  });
});

test("in office hours the form has the telephone of the unit that receives it", long, async ({ comes }) => {
  const kela = await comes("kela-17");
  await reports(kela, { ...county, ...adults });
  await expect(said(kela)).toContainText("Asia menee nyt tänne: Työikäisten sosiaalipalvelut, Kuopio.");
  await expect(said(kela)).toContainText("Soita myös: 017 000 2300 ma–pe 9–11, ma–to 12–15");
  await expect(call(kela, "emergency")).toHaveCount(0);
  await pictures(kela.page, "emergency-office");
});

test("of an agency alone it is the unit that the directory chooses, by the municipality", long, async ({ comes }) => {
  const kela = await comes("kela-17"), form = kela.page.locator("form.step-form");
  await kela.go("/new/concern");
  await kela.fill(form, { ...known("010594Y9032"), receiver: county, ground: "now" });
  await kela.next(form);
  await kela.fill(form, { topics: ["TOPIC_HOMELESSNESS"], urgency: "URGENCY_EMERGENCY" });
  await expect(said(kela)).toContainText("Työikäisten palveluohjaus");
});

test("where no unit is ever on call, the form has the social emergency services and 112", long, async ({ comes }) => {
  const worker = await comes("ps-21"), form = worker.page.locator("form.step-form");
  await worker.go("/new/referral");
  await worker.fill(form, {
    ...known("010594Y9032"), kind: "REFERRAL_KIND_SERVICE", service: "tyokyvyn-arvio", receiver: health, reason: "Arvio.",
    urgency: "URGENCY_EMERGENCY",
  });
  await expect(said(worker)).toContainText("Asia menee nyt tänne: Kuopion terveysasema.");
  await expect(call(worker, "unit")).toHaveCount(0);
  await expect(call(worker, "emergency")).toHaveText("017 000 0112");
  await expect(call(worker, "112")).toHaveAttribute("href", "tel:112");
});

// A county whose social services are on call, and whose health care is not.
const mixed = directoryTest(({ agencies }) => {
  const units = agencies.find(({ agency }) => agency === "hva-pohjois-savo")!.units;
  Object.assign(units.find(({ unit }) => unit === "tyoikaiset-etela")!, { kind: "HEALTH_CARE", area: "terveys" });
});

mixed.describe("on a holiday", () => {
  mixed.use({ clock: "2026-12-25T12:00:00+02:00" });
  mixed("the unit on call takes what is sent to a unit of its kind, and no other", long, async ({ comes }) => {
    const kela = await comes("kela-17"), form = kela.page.locator("form.step-form");
    await reports(kela, { ...county, ...adults });
    await expect(said(kela)).toContainText("Asia menee nyt päivystykseen: Sosiaalipäivystys.");
    await expect(said(kela)).toContainText("Soita myös: 017 000 0112");
    await kela.first(form);
    await kela.fill(form, { receiver: { ...county, unit: "tyoikaiset-etela" }, ground: "now" });
    await kela.next(form);
    await expect(said(kela)).toContainText("Asia menee nyt tänne: Työikäisten sosiaalipalvelut, etelä.");
    await expect(call(kela, "emergency")).toHaveText("017 000 0112");
  });
});
