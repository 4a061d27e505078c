import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { consented, reported, county, health, known } from "./begin";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { pictures } from "./pictures";
import { dayOf } from "../src/ui/form/days";
import { holdsIdentityCode, isIdentityCode } from "../src/ui/form/identitycode";

// The guided forms for new matters: short pages, checked when they are left, and a receipt.

const desktop = { width: 1366, height: 768 }, phone = { width: 390, height: 844 };
const formOf = (who: Person) => who.page.locator("form.step-form");
const field = (who: Person, name: string) => formOf(who).locator(`[data-field="${name}"]`);
const errors = (page: Page) => page.locator(".wrong:not(:empty), .fi-status-text--error:not(:empty)").filter({ visible: true });

// heights returns the height of the page in screens, on a desktop and a phone.
async function heights(page: Page) {
  const screens: number[] = [];
  for (const size of [phone, desktop]) {
    await page.setViewportSize(size);
    screens.unshift(await page.evaluate(() => {
      const { bottom } = document.querySelector("main form, main [data-receipt]")!.getBoundingClientRect();
      return (bottom + scrollY) / innerHeight;
    }));
  }
  return screens as [number, number];
}

test("a report with consent takes nine clicks, and its receipt tells the number and the next day", async ({ comes }) => {
  const kela = await comes("kela-17", desktop), { page } = kela, form = formOf(kela);
  const clicked = () => page.evaluate(() => (window as { clicks?: number }).clicks);
  await page.evaluate(() => {
    const counted = window as { clicks?: number };
    counted.clicks = 0;
    // A click on a label makes one on its input.
    addEventListener("pointerdown", () => { counted.clicks! += 1; }, true);
  });
  const pick = (name: string, value: string) => field(kela, name).locator(`label[for="${name}"], label`).filter({ hasText: value }).click();
  await page.getByRole("button", { name: "Uusi" }).click();
  await page.locator(".begin-concern").click();
  await expect(field(kela, "code").locator("input")).toBeFocused();
  await page.keyboard.type("010594y9032");
  // Where one agency of the kind serves, it is proposed without the municipality.
  await expect(form.locator("[data-proposed]")).toBeVisible();
  await pick("ground", "suostui juuri nyt");
  await form.locator("[data-next]").click();
  await pick("topics", "vuokrarästi");
  await pick("urgency", "Ei kiireellinen");
  // Tab leads to the description, so that typing takes no click.
  await field(kela, "description").locator("textarea").focus();
  await page.keyboard.type("Kaksi vuokraa maksamatta.");
  await form.locator("[data-next]").click();
  await pick("feedback", "Kyllä");
  await expect(page.locator(".preview")).toContainText("010594Y9032");
  await form.locator("[data-send]").click();
  const receipt = page.locator("[data-receipt]");
  await expect(receipt).toContainText("Huoli-ilmoitus on lähetetty");
  const clicks = await clicked();
  test.info().annotations.push({ type: "clicks", description: String(clicks) });
  expect(clicks).toBeLessThanOrEqual(9);
  // Three working days from Monday 23.11.
  await expect(receipt.locator("[data-next-time]")).toHaveText("to 26.11.");
  await expect(receipt).toContainText("Milloin ilmoitus vastaanotetaan ja kuka sitä hoitaa");
  await pictures(page, "guided-receipt");
  // The receipt's number, where the services give one, is the worklist's.
  const number = receipt.locator("[data-number]");
  if (await number.count()) await expect(number).toHaveText(/\S/);
  await receipt.locator("[data-home]").click();
  await expect(page).toHaveURL(/\/work/);
});

const forms: [what: string, who: string, pages: Record<string, unknown>[]][] = [
  ["concern", "kela-17", [
    { ...known("010594Y9032"), ...consented, municipality: "297" },
    { topics: ["TOPIC_RENT_ARREARS"], description: "Kaksi vuokraa maksamatta.", urgency: "URGENCY_NORMAL" },
    { feedback: "yes" },
  ]],
  ["referral", "ps-21", [
    { ...known("010594Y9032"), kind: "REFERRAL_KIND_SERVICE", service: "tyokyvyn-arvio", receiver: health },
    { reason: "Arvio tarvitaan.", urgency: "URGENCY_NORMAL" }, consented,
  ]],
  ["consultation", "ps-21", [
    { ground: "anonymous", receiver: health }, { topic: "Lääkitys", question: "Voiko se väsyttää?", urgency: "URGENCY_NORMAL" }, {},
  ]],
  ["plan", "ps-21", [known("010594Y9032"), consented]],
];

for (const [what, who, pages] of forms) {
  test(`each page of a new ${what} fits a screen, and the receipt follows`, long, async ({ comes }) => {
    const worker = await comes(who, desktop), { page } = worker, form = formOf(worker), screens: string[] = [];
    await worker.go(`/new/${what}`);
    for (const [index, values] of pages.entries()) {
      await expect(form).toHaveAttribute("data-page", String(index + 1));
      await worker.fill(form, values);
      const [wide, narrow] = await heights(page);
      screens.push(`${wide.toFixed(2)} ${narrow.toFixed(2)}`);
      expect.soft(wide, `page ${index + 1}`).toBeLessThanOrEqual(1.2);
      await pictures(page, `guided-${what}-${index + 1}`);
      await accessible(page);
      if (index + 1 < pages.length) await worker.next(form);
    }
    await worker.send(form);
    await expect(page.locator("[data-receipt] h1")).toBeFocused();
    await accessible(page);
    screens.push(`receipt ${(await heights(page)).map((one) => one.toFixed(2)).join(" ")}`);
    test.info().annotations.push({ type: "screens", description: screens.join(", ") });
    console.log(`${what}: screens at 1366 and 390: ${screens.join(", ")}`);
  });
}

test("an identity code is checked when its field is left, as the services check it", long, async ({ koppi, comes }) => {
  const kela = await comes("kela-17"), { page } = kela, code = field(kela, "code").locator("input");
  await kela.go("/new/concern");
  for (const [typed, said] of [
    ["010594", "Kirjoita henkilötunnus muodossa PPKKVV-123A."], ["010594Y9033", "Henkilötunnus ei ole oikein."], ["010594Y9032", ""],
  ] as const) {
    await code.fill(typed);
    await expect(errors(page)).toHaveCount(0);
    await page.keyboard.press("Tab");
    if (said) {
      await expect(errors(page)).toHaveCount(1);
      await expect(field(kela, "code")).toContainText(said);
    } else await expect(errors(page)).toHaveCount(0);
  }
  // The page and the services agree on every code.
  const codes = [
    "010594Y9032", "010594y9032", "010594Y9033", "131052-308T", "310299-9996", "290200A9037", "290201A903U", "010594-0011",
    "010594B9032", "010594G9032", "0105949032", "ſ10594Y9032", "230629A9050", "051179-913X", "140391-9021", "090965-9062", "010100+9011",
  ];
  for (const one of codes) {
    const response = await fetch(`${koppi.line.address}/koppi.dev.v1.DevService/IssueToken`, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ role: "client", personalIdentityCode: one }),
    });
    expect(isIdentityCode(one, "2026-11-23"), one).toBe(response.ok);
  }
  expect(holdsIdentityCode("Asiakas 010594Y9032: milloin?")).toBe(true);
  expect(holdsIdentityCode("Tili 1010594-90321, laskut 010594-9033")).toBe(false);
});

test("what is wrong is said beside the field, in its own words and once", async ({ comes }) => {
  const kela = await comes("kela-17", desktop), { page } = kela, form = formOf(kela);
  let asked = 0;
  page.on("request", (request) => { if (request.url().endsWith("/SubmitConcern")) asked += 1; });
  await kela.go("/new/concern");
  await kela.fill(form, { ...known("010594Y9032"), ...consented, municipality: "297" });
  await expect(form.locator("[data-proposed]")).toBeVisible();
  await kela.fill(form, { phone: "soita äidille" });
  await form.locator("[data-next]").click();
  await expect(errors(page)).toHaveText(["Kirjoita puhelinnumero numeroin, esimerkiksi 040 123 4567."]);
  await expect(page.locator(".fi-error-summary")).toHaveCount(0);
  await expect(field(kela, "phone").locator("input")).toBeFocused();
  await kela.fill(form, { phone: "040 123 4567" });
  await expect(errors(page)).toHaveCount(0);
  await kela.next(form);
  await kela.fill(form, { topics: ["TOPIC_OTHER"] });
  await form.locator("[data-next]").click();
  await expect(errors(page)).toHaveText(["Valitse kiireellisyys."]);
  await expect(page.locator(".fi-error-summary")).toHaveCount(0);
  await kela.tick(field(kela, "topics").locator('input[value="TOPIC_OTHER"]'), false);
  await form.locator("[data-next]").click();
  // More than one: a summary leads to each, and no sentence is said of two.
  const said = page.locator(".fi-error-summary").locator("a, button");
  await expect(said).toHaveText(["Valitse ainakin yksi aihe.", "Valitse kiireellisyys."]);
  await pictures(page, "guided-errors");
  await said.last().click();
  await expect(field(kela, "urgency").locator("input").first()).toBeFocused();
  for (const hidden of ["INVALID_FIELD", "TOPIC_OTHER", "Täytä tämä kohta"]) await expect(page.locator("main")).not.toContainText(hidden);
  expect(asked).toBe(0);
});

test("back keeps what was typed: by the button, the browser's button, and a reload", long, async ({ comes }) => {
  const kela = await comes("kela-17", desktop), { page } = kela, form = formOf(kela);
  const at = (number: number) => expect(form).toHaveAttribute("data-page", String(number));
  await kela.go("/new/concern");
  await kela.fill(form, {
    ...known("010594Y9032"), ...reported, receiver: county, topics: ["TOPIC_OTHER"], description: "Kaksi vuokraa.",
    urgency: "URGENCY_NORMAL",
  });
  await kela.last(form);
  await at(3);
  await page.reload();
  await at(3);
  await page.goBack();
  await at(2);
  await expect(form.locator("h1")).toBeFocused();
  await expect(field(kela, "description").locator("textarea")).toHaveValue("Kaksi vuokraa.");
  await form.locator("[data-back]").click();
  await at(1);
  await expect(field(kela, "code").locator("input")).toHaveValue("010594Y9032");
  await page.goForward();
  await at(2);
  // A page whose predecessors are empty is not shown.
  await kela.page.evaluate(() => sessionStorage.clear());
  await kela.go("/new/concern?page=3");
  await at(1);
});

test("the municipality proposes the receiver, and another can be chosen", long, async ({ comes }) => {
  const kela = await comes("kela-17", desktop), form = formOf(kela), proposal = form.locator("[data-proposed]");
  await kela.go("/new/concern");
  await expect(proposal).toHaveText("Pohjois-Savon hyvinvointialue");
  await kela.fill(form, { municipality: "915" });
  await expect(proposal).toContainText(", Pohjois-Savon hyvinvointialue");
  await form.locator("[data-change-receiver]").click();
  await kela.fill(form, { receiver: health });
  await kela.fill(form, { municipality: "297" });
  await expect(proposal).toHaveCount(0);
  await expect(field(kela, "receiver")).toContainText("Kuopion terveysasema");
});

test("a day is typed as people write it, and every control speaks the language of the page", long, async ({ comes }) => {
  const kela = await comes("kela-17", { ...desktop, language: "sv" }), { page } = kela, form = formOf(kela);
  await kela.go("/new/concern");
  await kela.fill(form, { nameOnly: true, ground: "earlier" });
  const born = field(kela, "birthDate"), consent = field(kela, "consentedAt");
  await born.locator("input").fill("3.6.1994");
  await consent.locator("input").first().fill("20.11.");
  await consent.locator("input").last().fill("9");
  await page.keyboard.press("Tab");
  await expect(consent.locator("input").first()).toHaveValue("20.11.2026");
  const draft = () => page.evaluate(() => JSON.parse(Object.entries(sessionStorage).find(([key]) => key.startsWith("draft "))![1]));
  expect(await draft()).toMatchObject({ birthDate: "1994-06-03", consentedAt: "2026-11-20T09:00" });
  await born.locator("input").fill("31.6.1994");
  for (const key of ["Tab", "Tab"]) await page.keyboard.press(key);
  await expect(born).toContainText("Skriv dagen i formen 1.12.2026.");
  await consent.getByRole("button").click();
  await expect(page.getByRole("dialog")).toContainText("November");
  await pictures(page, "guided-calendar");
  await expect(page.locator('input[type="date"], input[type="datetime-local"], input[type="time"]')).toHaveCount(0);
  for (const [typed, day] of [
    ["1.12.", "2026-12-01"], ["1.2", "2027-02-01"], ["29.2.2027", undefined], ["1.12.2026", "2026-12-01"],
  ] as const) {
    expect(dayOf(typed, new Date("2026-11-23T09:00:00Z")), typed).toBe(day);
  }
});
