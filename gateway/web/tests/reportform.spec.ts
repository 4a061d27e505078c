import { accessible } from "./accessible";
import { adults, county, known, reported, subjectOf } from "./begin";
import { expect, long, test } from "./fixtures";
import { pictures } from "./pictures";

// The report form asks what the receiver needs first, and waits for none of it.

const desktop = { width: 1366, height: 768 };
const base = { ...known("010594Y9032"), ...reported, receiver: { ...county, ...adults }, urgency: "URGENCY_NORMAL" };

test("what is asked of a topic, how to reach the client and an interpreter are in what is sent", long, async ({ comes }) => {
  const kela = await comes("kela-17", desktop), worker = await comes("ps-21"), { page } = kela, form = page.locator("form.step-form");
  const field = (name: string) => form.locator(`[data-field="${name}"]`);
  await kela.go("/new/concern");
  await kela.fill(form, { ...known("010594Y9032"), interpreterNeeded: true, receiver: { ...county, ...adults }, ground: "now" });
  await form.locator("[data-next]").click();
  await expect(field("interpreter")).toContainText("Valitse kieli, jolle tulkataan.");
  await field("interpreter").locator("button").click();
  await page.getByRole("option", { name: "venäjä", exact: true }).click();
  await pictures(page, "report-who");
  await accessible(page);
  await kela.next(form);
  await expect(field("TOPIC_RENT_ARREARS-1")).toHaveCount(0);
  await kela.fill(form, { topics: ["TOPIC_RENT_ARREARS", "TOPIC_VIOLENCE_OR_THREAT"] });
  await form.locator("[data-ask-more]").click();
  const answers = { "TOPIC_RENT_ARREARS-1": "3", "TOPIC_VIOLENCE_OR_THREAT-1": "Ei tällä hetkellä." };
  await kela.fill(form, { ...answers, reach: "Iltaisin tekstiviestillä." });
  await kela.fill(form, { wish: "Asiakas 010594Y9032 toivoo kotikäyntiä.", urgency: "URGENCY_NORMAL", description: "Kaksi vuokraa." });
  await form.locator("[data-next]").click();
  await expect(field("wish")).toContainText("Tekstissä on henkilötunnus");
  await kela.fill(form, { wish: "Toivoo kotikäyntiä." });
  await pictures(page, "report-what");
  await accessible(page);
  await kela.next(form);
  await kela.fill(form, { feedback: "yes" });
  const preview = page.locator(".preview");
  await expect(preview).toContainText("Vuokrarästi, montako kuukautta maksamatta: 3");
  await expect(preview).toContainText("venäjä");
  await pictures(page, "report-preview");
  await accessible(page);
  await kela.send(form);
  await worker.open(await subjectOf(page));
  const said = worker.matter.locator(".said blockquote");
  expect(await said.innerText()).toBe([
    "Kaksi vuokraa.", "", "Vuokrarästi, montako kuukautta maksamatta: 3", "Väkivalta tai sen uhka, onko vaara nyt: Ei tällä hetkellä.",
    "Miten asiakkaan tavoittaa parhaiten: Iltaisin tekstiviestillä.", "Mitä asiakas itse toivoo: Toivoo kotikäyntiä.",
  ].join("\n"));
  await expect(worker.matter.locator("aside [data-interpreter]")).toHaveText("venäjä");
});

test("a municipality that no unit serves is told by its number, and a referral asks for an interpreter too", long, async ({ comes }) => {
  const worker = await comes("ps-21", desktop), nurse = await comes("tk-02"), form = worker.page.locator("form.step-form");
  const field = (name: string) => form.locator(`[data-field="${name}"]`);
  await worker.go("/new/referral");
  await worker.fill(form, {
    ...known("010594Y9032"), kind: "REFERRAL_KIND_SERVICE", service: "tyokyvyn-arvio", municipality: "another", interpreterNeeded: true,
  });
  await field("interpreter").locator("button").click();
  await worker.page.getByRole("option", { name: "arabia", exact: true }).click();
  await worker.fill(form, {
    municipalityCode: "091", receiver: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" }, reason: "Arvio tarvitaan.",
    urgency: "URGENCY_NORMAL", ground: "now",
  });
  await worker.last(form);
  await expect(worker.page.locator(".preview")).toContainText("arabia");
  await worker.send(form);
  await nurse.open(await subjectOf(worker.page));
  await expect(nurse.matter.locator("aside [data-interpreter]")).toHaveText("arabia");
  await nurse.page.locator('[data-reveal="client"]').getByRole("button").click();
  await expect(nurse.page.locator('[data-reveal="client"]')).toContainText("kuntanumero 091");
});

test("a plan says into which language is interpreted, and so does what follows from it", long, async ({ comes }) => {
  const worker = await comes("ps-21", desktop), { page } = worker, form = page.locator("form.step-form");
  await worker.go("/new/plan");
  await worker.fill(form, { ...known("010594Y9032"), interpreterNeeded: true });
  await form.locator('[data-field="interpreter"] button').click();
  await page.getByRole("option", { name: "persia", exact: true }).click();
  await worker.fill(form, { ground: "now" });
  await expect(page.locator(".preview")).toContainText("persia");
  await pictures(page, "plan-preview");
  await worker.send(form);
  const plan = await subjectOf(page);
  const said = worker.matter.locator("[data-interpreter]");
  await expect(said).toHaveText("persia");
  for (const [language, spoken] of [["Svenska", "persiska"], ["English", "Persian"], ["Suomi", "persia"]] as const) {
    await page.getByRole("button", { name: language }).click();
    await expect(said).toHaveText(spoken);
    await accessible(page);
  }
  await pictures(page, "plan-interpreter");
  await worker.go(`/new/referral?from=${plan}`);
  await worker.fill(form, {
    kind: "REFERRAL_KIND_SERVICE", service: "tyokyvyn-arvio", receiver: { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" },
    reason: "Arvio tarvitaan.", urgency: "URGENCY_NORMAL", ground: "now",
  });
  await expect(page.locator(".preview")).toContainText("persia");
  await worker.send(form);
  await subjectOf(page);
  await expect(worker.matter.locator("aside [data-interpreter]")).toHaveText("persia");
});

test("nothing of it is needed, and of a topic that is chosen no more nothing is sent", long, async ({ comes }) => {
  const kela = await comes("kela-17", { width: 360, height: 740 }), worker = await comes("ps-21"), { page } = kela;
  const form = page.locator("form.step-form"), field = (name: string) => form.locator(`[data-field="${name}"]`);
  await kela.go("/new/concern");
  await kela.fill(form, { ...base, topics: ["TOPIC_RENT_ARREARS", "TOPIC_CHILD_IN_FAMILY"], "TOPIC_RENT_ARREARS-2": "1 200" });
  await kela.first(form);
  await kela.next(form);
  await expect(form).toContainText("Sitä ei tarvita, jos kerrot sen syyt tässä ilmoituksessa (sosiaalihuoltolaki 35 § 4 mom.).");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  await expect(form.locator('[data-call="child-welfare"]')).toHaveAttribute("href", "tel:0170002500");
  await accessible(page);
  await pictures(page, "report-child");
  await kela.tick(field("topics").locator('input[value="TOPIC_RENT_ARREARS"]'), false);
  await expect(field("TOPIC_RENT_ARREARS-2")).toHaveCount(0);
  await kela.send(form);
  await worker.open(await subjectOf(page));
  await expect(worker.matter.locator(".said")).toHaveCount(0);
  await expect(worker.matter).not.toContainText("1 200");
  await expect(worker.matter.locator("[data-interpreter]")).toHaveCount(0);
});

test("on a ground that allows no words, none of it is asked", long, async ({ comes }) => {
  const kela = await comes("kela-17", desktop), { page } = kela, form = page.locator("form.step-form");
  await kela.go("/new/concern");
  await kela.fill(form, { ...known("010594Y9032"), receiver: { ...county, ...adults }, ground: "shl-35-2" });
  await kela.next(form);
  await kela.fill(form, { topics: ["TOPIC_RENT_ARREARS"] });
  await expect(form.locator("[data-aside]")).toHaveCount(0);
  await expect(form.locator("[data-ask-more]")).toHaveCount(0);
});
