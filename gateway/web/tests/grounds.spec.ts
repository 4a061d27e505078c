import { randomUUID } from "node:crypto";

import { accessible } from "./accessible";
import { begin, county, earlier, health, known, reported, subjectOf } from "./begin";
import { expect, long, test } from "./fixtures";
import type { Person } from "./person";
import { pictures } from "./pictures";

// On which ground a message is sent: the forms offer what is lawful towards its receiver, ask for what
// that asks for, and let nothing more be said.

const youthWork = { agency: "etsiva-kuopio" }, young = "070900A905Y";
const formOf = (who: Person) => who.page.locator("form.step-form");
const field = (who: Person, name: string) => formOf(who).locator(`[data-field="${name}"]`);
const offered = (who: Person) => field(who, "ground").locator("input[type=radio]").evaluateAll((all) => all.map((one) =>
  (one as HTMLInputElement).value));

test("a counsellor passes a concern on to health care without consent, and says what is necessary", async ({ comes }) => {
  const counsellor = await comes("ps-33", { at: "/new/concern" }), nurse = await comes("tk-02");
  const { page } = counsellor, form = formOf(counsellor);
  await counsellor.fill(form, { ...known("240699-9085"), receiver: health });
  await expect(field(counsellor, "ground").locator("input").first()).toBeAttached();
  expect(await offered(counsellor)).toEqual(["shl-40-1/now", "shl-40-1/earlier", "atl-53-6", "atl-56"]);
  await counsellor.fill(form, { ground: "atl-56" });
  await pictures(page, "ground-choice");
  await accessible(page);
  await counsellor.next(form);
  await expect(field(counsellor, "description")).toContainText("Kerro vain se, mikä on välttämätöntä.");
  await counsellor.fill(form, { topics: ["TOPIC_SELF_NEGLECT"], description: "Ei syö eikä avaa ovea.", urgency: "URGENCY_URGENT" });
  await counsellor.next(form);
  await form.locator("[data-send]").click();
  await expect(field(counsellor, "attestation")).toContainText("Merkitse, mitä vakuutat.");
  await counsellor.fill(form, { attestation: ["evident_need_of_care"] });
  await pictures(page, "ground-attested");
  await accessible(page);
  await counsellor.send(form);
  const subject = await subjectOf(page);
  await nurse.open(subject);
  await expect(nurse.matter).toContainText("Ei syö eikä avaa ovea.");
  await expect(nurse.matter).toContainText("asiakastietolaki 56 §");
});

test("outreach youth work learns without consent who and how to reach, and nothing else", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), youth = await comes("en-03"), { page } = kela, form = formOf(kela);
  const about = { receiver: youthWork, ground: "nl-11-4" };
  await kela.fill(form, { ...known("010594Y9032"), ...about });
  await kela.next(form);
  await expect(form).toContainText("Onko hätä? Soita 112 tai sosiaalipäivystykseen.");
  for (const name of ["topics", "description", "attachments", "urgency"]) await expect(field(kela, name)).toHaveCount(0);
  await pictures(page, "ground-youth");
  await kela.next(form);
  await kela.fill(form, { attestation: ["needs_support_without_delay"] });
  // A client who is too old: the ground is said to be the wrong one, and what was typed is kept.
  await form.locator("[data-send]").click();
  await expect(form).toContainText("Perusteella on ikäraja");
  await expect(form).toHaveAttribute("data-page", "1");
  await kela.fill(form, known(young));
  await kela.send(form);
  await expect(page.locator("[data-receipt]")).toContainText("Et saa tietää, mitä apua asiakas sai.");
  const subject = await subjectOf(page);
  await youth.open(subject);
  await expect(youth.matter).toContainText("nuorisolaki 11 § 4 mom.");
  await expect(youth.matter.locator('[data-urgency="URGENCY_URGENT"], .urgency').first()).toBeVisible();
});

test("another receiver keeps what was typed, and the form says what fell away", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), { page } = kela, form = formOf(kela);
  await expect(field(kela, "ground").locator("input").first()).toBeAttached();
  await kela.fill(form, {
    ...known(young), ground: "now", topics: ["TOPIC_RENT_ARREARS"], description: "Kaksi vuokraa.", urgency: "URGENCY_NORMAL",
  });
  await kela.first(form);
  await kela.fill(form, { receiver: youthWork });
  await expect(field(kela, "ground")).toContainText("Peruste ”Asiakas suostuu yhteydenottoon” ei käy tälle vastaanottajalle.");
  await expect(field(kela, "code").locator("input")).toHaveValue(young);
  await pictures(page, "ground-fell");
  await accessible(page);
  await form.locator("[data-next]").click();
  await expect(field(kela, "ground")).toContainText("Valitse peruste.");
  await kela.fill(form, { ground: "nl-11-4" });
  await kela.next(form);
  await expect(form).toContainText("Kirjoittamasi kuvaus ja liitteet säilyvät, mutta niitä ei lähetetä.");
  await kela.first(form);
  await kela.fill(form, { receiver: county });
  await kela.fill(form, { ground: "now" });
  await kela.next(form);
  await expect(field(kela, "description").locator("textarea")).toHaveValue("Kaksi vuokraa.");
});

test("a child in the family: a child welfare notification is a form of its own", long, async ({ comes }) => {
  const nurse = await comes("tk-02", { at: "/new/concern" }), { page } = nurse, form = formOf(nurse);
  await nurse.fill(form, { ...known("240699-9085"), receiver: county, ground: "now", topics: ["TOPIC_CHILD_IN_FAMILY"] });
  const link = page.locator("[data-child-welfare]");
  await pictures(page, "ground-child");
  const opened = page.waitForEvent("popup");
  await link.click();
  const other = await opened;
  await expect(other.locator('input[type=radio][value="lsl-25"]')).toBeChecked();
  await expect(other.locator('[data-field="code"] input')).toHaveValue("");
  // What was begun is still there.
  await expect(field(nurse, "topics").locator('input[value="TOPIC_CHILD_IN_FAMILY"]')).toBeChecked();
});

test("a receiver that the law gives no ground for is said at once", long, async ({ comes }) => {
  const kela = await comes("kela-17"), form = formOf(kela);
  // A table that lacks each ground towards it.
  await kela.page.route("**/ListGrounds*", (route) => route.fulfill({ json: {} }));
  await kela.go("/new/concern");
  await expect(field(kela, "ground").locator("[data-no-ground]")).toContainText("Laki ei anna siihen perustetta.");
  await kela.fill(form, known("010594Y9032"));
  await form.locator("[data-next]").click();
  await expect(form).toHaveAttribute("data-page", "1");
});

test("the worker asks the client whether the reporter hears back, and the client changes its mind", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), worker = await comes("ps-21"), code = "030694W9024";
  const about = { receiver: { ...county, unit: "tyoikaiset-kuopio" }, topics: ["TOPIC_RENT_ARREARS"], urgency: "URGENCY_NORMAL" };
  const subject = await begin(kela, "concern", { ...reported, feedback: "no", ...known(code), ...about });
  await worker.open(subject);
  await worker.take("TakeConcern");
  await expect(kela.phase).toContainText(kela.word("LOOP_PHASE_IN_PROGRESS"));
  await expect(worker.matter.locator("[data-hears-back]")).toHaveText("vain ilmoituksen vaihe");
  await worker.take("RecordFeedbackConsent", { answer: "yes" });
  await expect(worker.matter.locator("[data-hears-back]")).toHaveText("miten asia etenee (lupa 23.11.2026)");
  await expect(kela.phase).toContainText(kela.word("LOOP_PHASE_TAKEN"));
  const client = await comes("client", { width: 390, height: 844 }), { page } = client;
  await page.locator(`[data-situation="${subject}"] [data-fold="more"] button`).first().click();
  const hearing = page.locator(`[data-subject="${subject}"] [data-hearing]`);
  await expect(page.locator(`[data-subject="${subject}"]`)).toContainText("Suostuit siihen, että Kela ottaa yhteyttä sosiaalihuoltoon.");
  await expect(hearing).toContainText("Kela saa tietää, miten asiasi etenee. Annoit siihen luvan 23.11.2026.");
  await hearing.locator('[data-step="RecordFeedbackConsent"]').click();
  await pictures(page, "own-hearing");
  await accessible(page);
  for (let presses = 0; presses < 2; presses += 1) await hearing.locator("[data-send]").click();
  await expect(hearing).toHaveAttribute("data-hearing", "no");
  await expect(worker.matter.locator("[data-hears-back]")).toHaveText("vain ilmoituksen vaihe");
});

test("who finds a need of special support and is no social worker records it, and hands the concern over", long, async ({ comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), counsellor = await comes("ps-33"), worker = await comes("ps-21");
  const about = { receiver: { ...county, unit: "tyoikaiset-kuopio" }, topics: ["TOPIC_MENTAL_HEALTH"], urgency: "URGENCY_NORMAL" };
  const subject = await begin(kela, "concern", { ...reported, ...known("030694W9024"), ...about });
  await counsellor.open(subject);
  await counsellor.take("TakeConcern");
  await counsellor.take("StartAssessment");
  await counsellor.press("CompleteAssessment");
  const form = formOf(counsellor);
  await expect(form.locator('input[value="SUPPORT_NEED_SPECIAL"]')).toHaveCount(0);
  await pictures(counsellor.page, "special-found");
  await accessible(counsellor.page);
  await form.locator("[data-special-found] button").click();
  const social = { unit: "tyoikaiset-kuopio", worker: "ps-21" };
  await counsellor.fill(form, { supportNeed: "SUPPORT_NEED_SPECIAL", assignTo: social, reason: "Arviointi kuuluu sosiaalityöntekijälle." });
  await counsellor.send(form);
  await expect(counsellor.step("CompleteAssessment")).toHaveCount(0);
  await worker.open(subject);
  await worker.take("CompleteAssessment", { supportNeed: "SUPPORT_NEED_SPECIAL" });
  await expect(worker.matter).toContainText("Erityinen tuki");
});

test("a plan with special support names its social worker, to the client too", long, async ({ comes }) => {
  const worker = await comes("ps-21", { at: "/new/plan" }), { page } = worker, form = formOf(worker);
  await worker.fill(form, { ...known("030694W9024"), ground: "shl-39-1", special: true });
  await pictures(page, "new-plan-special");
  await worker.send(form);
  const subject = await subjectOf(page);
  await expect(worker.matter.locator("[data-support]")).toContainText("Saara Sosiaali");
  await pictures(page, "plan-special");
  await expect(worker.step("LeavePlan")).toHaveCount(0);
  await worker.take("RecordSpecialSupport", { support: "no" });
  await expect(worker.matter.locator("[data-support]")).toHaveCount(0);
  await worker.take("RecordSpecialSupport", { support: "yes" });
  const client = await comes("client", { at: "/own?show=plan", width: 390, height: 844 });
  const plan = client.page.locator(`[data-plan="${subject.split("/")[1]}"]`);
  await expect(plan.locator("[data-support]")).toContainText("Tukenasi on sosiaalityöntekijä");
  await pictures(client.page, "own-plan-special");
});

test("the notices are read without signing in", long, async ({ page, koppi }) => {
  for (const [path, title] of [["/accessibility", "Saavutettavuusseloste"], ["/privacy", "Tietosuojaseloste"]] as const) {
    await page.goto(koppi.line.address + path);
    await page.getByRole("button", { name: "Suomi" }).click();
    await expect(page.locator("h1")).toHaveText(title);
    await expect(page.locator("[data-person]")).toHaveCount(0);
    await pictures(page, `notice${path.replace("/", "-")}`);
    await accessible(page);
  }
  await page.locator('footer a[href="/accessibility"]').click();
  await expect(page.locator("h1")).toHaveText("Saavutettavuusseloste");
  await page.goto(`${koppi.line.address}/work`);
  await expect(page.locator("[data-person]").first()).toBeVisible();
});

test("a plan that is a duty goes on when the client takes its consent back from one member", long, async ({ comes }) => {
  const worker = await comes("ps-21", { at: "/new/plan" }), nurse = await comes("tk-02"), code = "030694W9024";
  const subject = await begin(worker, "plan", { ...known(code), ground: "shl-39-1" });
  await worker.take("AddGoal", { text: "Haluan oman avaimen.", setBy: "client" });
  for (const party of [health, { agency: "tyollisyys-kuopio", unit: "tyollisyys" }]) {
    await worker.take("InviteMember", { ...earlier, party });
  }
  await nurse.open(subject, "plans");
  await nurse.take("JoinPlan");
  const client = await comes("client", { at: "/own?show=consents", width: 390, height: 844 }), { page } = client;
  const consent = page.locator(`[data-consent="${subject}"]`);
  await consent.locator('[data-step="WithdrawConsent"]').click();
  await expect(consent).toContainText("Suunnitelma jatkuu");
  await client.tick(consent.locator(`input[value="${health.agency}"]`));
  await pictures(page, "own-withdraw-member");
  await accessible(page);
  for (let presses = 0; presses < 2; presses += 1) await consent.locator("[data-send]").click();
  await expect(page.locator("[data-done]").filter({ hasText: "Suostumus on peruttu." })).toBeVisible();
  // What is left of the consent can still be withdrawn.
  await expect(consent.locator('[data-step="WithdrawConsent"]')).toBeVisible();
  await expect(worker.matter.locator(".members")).toContainText("poistunut 23.11.2026");
  await expect(worker.phase).toContainText("voimassa");
  await nurse.page.reload();
  await expect(nurse.page.locator("main")).not.toContainText("Haluan oman avaimen.");
});

test("operators see which grounds in use no lawyer has reviewed, with their doubts", long, async ({ comes }) => {
  const kela = await comes("kela-17"), operator = await comes("operator"), { page } = operator;
  await begin(kela, "concern", {
    receiver: county, ground: "shl-35-2", attestation: ["consent_unobtainable", "interest_of_child"], ...known("010594Y9032"),
    topics: ["TOPIC_SELF_NEGLECT"], urgency: "URGENCY_NORMAL",
  });
  const section = page.locator('[data-section="unreviewed"]');
  await section.getByRole("button").click();
  await expect(section.locator('[data-ground="shl-35-2"]')).toContainText("sosiaalihuoltolaki 35 § 2 mom.");
  await expect(section.locator('[data-ground="shl-35-2"]')).toContainText("How much may be described is not said");
  await pictures(page, "operations-unreviewed");
  await accessible(page);
});

test("a consent given in advance is offered where the client is known, and is cited", long, async ({ koppi, comes }) => {
  const kela = await comes("kela-17", { at: "/new/concern" }), worker = await comes("ps-21"), code = "030694W9024", { page } = worker;
  const about = { receiver: { ...county, unit: "tyoikaiset-kuopio" }, topics: ["TOPIC_MENTAL_HEALTH"], urgency: "URGENCY_NORMAL" };
  const subject = await begin(kela, "concern", { ...reported, ...known(code), ...about });
  await worker.open(subject);
  await worker.take("TakeConcern");
  const { consent } = await koppi.call<{ consent: { consentId: string } }>("ps-21", "consent.v1.ConsentService/GiveConsent", {
    requestId: randomUUID(), client: { personalIdentityCode: code }, recipient: { agency: health.agency }, services: ["concern"],
    purpose: "Jotta saan unet kuntoon", provision: "1301/2014 § 40.1", until: "2027-05-01T00:00:00Z",
  });
  await worker.press("ForwardConcern");
  const form = formOf(worker);
  await worker.fill(form, {
    receiver: health, ground: consent.consentId, feedback: "yes", topics: ["TOPIC_MENTAL_HEALTH"], description: "Uni ei tule.",
  });
  await expect(field(worker, "ground")).toContainText("Asiakas suostui etukäteen 23.11.2026: Jotta saan unet kuntoon");
  await pictures(page, "ground-advance");
  await worker.send(form);
  await expect(worker.summary).toContainText("Odottaa: Kuopion terveysasema");
  const client = await comes("client", { at: "/own?show=consents", width: 390, height: 844 });
  await expect(client.page.locator("main")).toContainText("Tätä on käytetty yhdessä asiassa.");
});
