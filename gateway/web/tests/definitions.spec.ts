import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { adults, county, known, reported } from "./begin";
import { report } from "./cases";
import { directoryTest, inLanguages } from "./directory";
import { expect, long } from "./fixtures";
import { pictures } from "./pictures";

// What an agency means by its words, and the municipalities, come from the directory.

const named = (code: string, name: string) => ({ code, names: { fi: name, sv: `${name} sv`, en: name } });
const test = directoryTest((directory) => {
  const there = directory.agencies.find(({ agency }) => agency === "hva-pohjois-savo")!;
  there.urgencyDefinitions = { URGENT: inLanguages("Häätö viikon sisällä") };
  there.supportNeeds = { NETWORK: { names: inLanguages("Yhteinen työ"), definitions: inLanguages("Kaksi palvelua tai enemmän") } };
  there.fourField = { support: inLanguages("Palvelujen määrä"), difficulty: inLanguages("Oma jaksaminen") };
  const more = [["140", "Iisalmi"], ["174", "Kaavi"], ["204", "Kiuruvesi"], ["402", "Lapinlahti"], ["749", "Siilinjärvi"]] as const;
  directory.municipalities.push(...more.map(([code, name]) => named(code, name)));
  const units = there.units.find(({ unit }) => unit === "palveluohjaus")!;
  units.municipalities = ["297", "915", "140", "174", "204", "402", "749"];
});

// In every language a page is accessible.
async function inEachLanguage(page: Page) {
  for (const language of ["Svenska", "English", "Suomi"]) {
    await page.getByRole("button", { name: language }).click();
    await accessible(page);
  }
}

test("the report form has the receiver's urgencies, and finds a municipality by its name", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern", width: 360, height: 740 });
  const { page } = kela, form = page.locator("form.step-form");
  const field = (name: string) => form.locator(`[data-field="${name}"]`), proposal = form.locator("[data-proposed]");
  await kela.fill(form, { ...known("010594Y9032"), ground: "now" });
  const search = field("municipality").getByRole("textbox", { name: "Etsi kotikunta nimellä" });
  const radios = field("municipality").getByRole("radio");
  await expect(radios).toHaveCount(2);
  await search.focus();
  await page.keyboard.type("ii");
  await expect(radios).toHaveCount(3);
  // From the chosen last one the arrow leads to the first.
  await page.keyboard.press("Tab");
  await expect(radios.last()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(field("municipality").getByRole("radio", { name: "Iisalmi" })).toBeChecked();
  await expect(proposal).toContainText("Työikäisten palveluohjaus");
  await pictures(page, "municipality-search");
  await inEachLanguage(page);
  await search.fill("zz");
  await expect(field("municipality").getByRole("status")).toHaveText("Kuntaa ei löydy luettelosta. Valitse Muu kunta.");
  await kela.fill(form, { municipality: "another", municipalityCode: "91" });
  await form.locator("[data-next]").click();
  await expect(field("municipalityCode")).toContainText("Kirjoita kuntanumero kolmella numerolla, esimerkiksi 091.");
  await pictures(page, "municipality-another");
  await inEachLanguage(page);
  await kela.fill(form, { municipalityCode: "091", receiver: { ...county, ...adults }, ground: "now" });
  await kela.next(form);
  await expect(field("urgency")).toContainText("Häätö viikon sisällä. Vastaanottaja toimii yleensä seuraavana arkipäivänä.");
  await expect(field("urgency")).toContainText("Henki, terveys, turvallisuus tai koti on vaarassa tänään.");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  await page.getByRole("button", { name: "Svenska" }).click();
  await expect(field("urgency")).toContainText("Häätö viikon sisällä sv.");
  await page.getByRole("button", { name: "Suomi" }).click();
  await kela.fill(form, { topics: ["TOPIC_HOMELESSNESS"], urgency: "URGENCY_NORMAL", feedback: reported.feedback });
  await kela.send(form);
  // The receiver reads the number as a number, and no bare code.
  const guide = await comes("ps-21", { width: 1280, height: 900 });
  await guide.page.locator("a.row, button.fresh").first().click();
  await guide.page.locator("a.row").first().click();
  await guide.page.locator('[data-reveal="client"]').getByRole("button").click();
  await expect(guide.page.locator('[data-reveal="client"]')).toContainText("kuntanumero 091");
});

test("the intake card judges in the words of the own agency, and so does what is shown of it", long, async ({ koppi, comes }) => {
  const subject = await report(koppi, { unit: adults.unit });
  const worker = await comes("ps-21", { width: 1280, height: 900 }), { page } = worker;
  await worker.open(subject);
  await worker.matter.locator('[data-part="triage"]').click();
  const triage = worker.matter.locator('[data-card-form="triage"]'), field = (name: string) => triage.locator(`[data-field="${name}"]`);
  await expect(field("urgency")).toContainText("Häätö viikon sisällä.");
  await expect(field("supportNeed")).toContainText("Yhteinen työ");
  await expect(field("supportNeed")).toContainText("Kaksi palvelua tai enemmän.");
  // What the agency does not define has the words of the services.
  await expect(field("supportNeed")).toContainText("Satunnainen tai kevyt tuki riittää.");
  const places = field("fourField").locator("label");
  await expect(places.nth(1)).toContainText("Palvelujen määrä: paljon");
  await expect(places.nth(1)).toContainText("Oma jaksaminen: onnistuu");
  await places.nth(3).scrollIntoViewIfNeeded();
  await pictures(page, "definitions-triage");
  await inEachLanguage(page);
  await places.nth(1).click();
  await expect(field("fourField")).toContainText("Ehdotus: Yhteinen työ");
  await worker.tick(field("urgency").locator('input[value="URGENCY_URGENT"]'));
  await triage.locator("[data-save]").click();
  await expect(worker.matter.locator('[data-saved="TriageConcern"]')).toBeFocused();
  for (const place of [worker.matter.locator("aside"), worker.matter.locator('[data-event="ConcernTriaged"]')]) {
    await expect(place).toContainText("Yhteinen työ");
    await expect(place).toContainText("Palvelujen määrä: paljon; Oma jaksaminen: onnistuu");
  }
  await page.getByRole("button", { name: "English" }).click();
  await expect(worker.matter.locator("aside")).toContainText("Yhteinen työ en");
});
