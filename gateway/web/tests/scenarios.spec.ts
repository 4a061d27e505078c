import { adults, begin, consented, reported, county, earlier, health, known, phase, subjectOf } from "./begin";
import { expect, long, test } from "./fixtures";

// The cases of deploy/scenarios, through the pages: each person in a browser of their own; each
// step appears on the other pages without a reload.

const attested = { ground: "shl-35-2", attestation: ["consent_unobtainable", "evidently_unable_to_care_for_self"] };

test("01: two rents unpaid and the power cut", async ({ comes }) => {
  const kela = await comes("kela-17"), guide = await comes("ps-04"), worker = await comes("ps-21");
  const subject = await begin(kela, "concern", {
    ...reported, ...known("010594Y9032"), receiver: county, topics: ["TOPIC_RENT_ARREARS", "TOPIC_ELECTRICITY_CUT"],
    description: "Kaksi vuokraa maksamatta, sähköt katkaistu perjantaina.", urgency: "URGENCY_URGENT",
  });
  await phase(kela, "LOOP_PHASE_SENT");
  await guide.open(subject);
  await expect(guide.matter).toContainText("sähköt katkaistu perjantaina");
  await guide.take("ReceiveConcern");
  await phase(kela, "LOOP_PHASE_RECEIVED");
  await guide.take("TriageConcern", {
    urgency: "URGENCY_URGENT", supportNeed: "SUPPORT_NEED_SPECIAL", track: "TRACK_SOCIAL_WORK", will: "CLIENT_WILL_YES", assignTo: adults,
  });
  await worker.open(subject);
  await worker.take("TakeConcern");
  await phase(kela, "LOOP_PHASE_TAKEN");
  await expect(kela.summary).toContainText("Saara Sosiaali");
  await worker.take("RecordContactAttempt", { result: "CONTACT_RESULT_REACHED" });
  await expect(kela.matter).toContainText("asiakas tavoitettiin");
  await worker.take("StartAssessment");
  await worker.take("CompleteAssessment", { supportNeed: "SUPPORT_NEED_SPECIAL" });
  await worker.take("CloseConcern", { outcome: "OUTCOME_SERVICE_STARTED", feedback: "Sähköt palautettu, sosiaalityö jatkuu." });
  await phase(kela, "LOOP_PHASE_CLOSED");
  await expect(kela.matter).toContainText("Sähköt palautettu, sosiaalityö jatkuu.");
  await expect(kela.matter).not.toContainText(kela.word("SUPPORT_NEED_SPECIAL"));
});

test("02: without consent the reporter learns the fate of the message, not of the client", long, async ({ comes }) => {
  const kela = await comes("kela-17"), guide = await comes("ps-04"), worker = await comes("ps-21");
  const about = { ...known("090965-9062"), receiver: county, topics: ["TOPIC_INABILITY_TO_MANAGE_AFFAIRS"], urgency: "URGENCY_URGENT" };
  await kela.go("/new/concern");
  const form = kela.page.locator("form.step-form");
  await kela.fill(form, { ground: attested.ground, ...about });
  await expect(form.locator('[data-field="topics"]')).toBeVisible();
  await expect(form.locator('[data-field="description"]')).toHaveCount(0);
  await kela.last(form);
  await form.locator("[data-send]").click();
  const said = form.locator('[data-field="attestation"] .fi-status-text--error').filter({ hasText: /./ });
  await expect(said).toHaveText("Merkitse, mitä vakuutat.");
  await kela.fill(form, { attestation: attested.attestation });
  await kela.send(form);
  const subject = await subjectOf(kela.page);
  await guide.open(subject);
  await guide.take("ReceiveConcern");
  await guide.take("RequestInformation", { question: "Milloin asiakkaaseen on viimeksi saatu yhteys?" });
  await phase(kela, "LOOP_PHASE_WAITING");
  await kela.answer({ answer: "Eilen puhelimitse." });
  await worker.open(subject, "work", "agency");
  await worker.take("TakeConcern");
  await phase(kela, "LOOP_PHASE_IN_PROGRESS");
  await worker.take("RecordContactAttempt", { result: "CONTACT_RESULT_NOT_REACHED" });
  await worker.take("CloseConcern", { outcome: "OUTCOME_SERVICE_STARTED", feedback: "ei kuulu ilmoittajalle" });
  await phase(kela, "LOOP_PHASE_CLOSED");
  for (const secret of ["ei kuulu ilmoittajalle", "ps-21", "ei tavoitettu", kela.word("OUTCOME_SERVICE_STARTED")]) {
    await expect(kela.matter).not.toContainText(secret);
  }
});

test("03: reported again and again: joined, and nobody learns of another's report", long, async ({ comes }) => {
  const kela = await comes("kela-17"), guide = await comes("ps-04"), nurse = await comes("tk-02");
  const about = { ...attested, ...known("051179-913X"), receiver: county, topics: ["TOPIC_HOMELESSNESS"], urgency: "URGENCY_NORMAL" };
  const first = await begin(kela, "concern", about);
  await guide.open(first);
  await guide.take("ReceiveConcern");
  // The page reports the open matter before the report is written.
  await kela.go("/new/concern");
  const form = kela.page.locator("form.step-form");
  await kela.fill(form, about);
  await expect(form.locator('[data-field="check"]')).toContainText(kela.word("LOOP_PHASE_RECEIVED"));
  await kela.send(form);
  const second = await subjectOf(kela.page);
  expect(second).not.toBe(first);
  await begin(nurse, "concern", about);
  await phase(nurse, "LOOP_PHASE_SENT");
  await expect(guide.matter).toContainText("2");
  await guide.take("TakeConcern");
  await guide.take("CloseConcern", { outcome: "OUTCOME_CLIENT_NOT_REACHED" });
  await phase(kela, "LOOP_PHASE_CLOSED");
  await expect(kela.matter).not.toContainText(kela.word("OUTCOME_CLIENT_NOT_REACHED"));
});

test("04: passed on to health care, and the answer finds its way back", long, async ({ comes, koppi }) => {
  const kela = await comes("kela-17"), worker = await comes("ps-21"), nurse = await comes("tk-02");
  const first = await begin(kela, "concern", {
    ...reported, ...known("030694W9024"), receiver: { ...county, ...adults }, topics: ["TOPIC_MENTAL_HEALTH"],
    description: "Ei jaksa hoitaa asioitaan, ei hoitokontaktia.", urgency: "URGENCY_URGENT",
  });
  await worker.open(first);
  await worker.take("TakeConcern");
  await worker.take("ForwardConcern", {
    ...earlier, feedback: "yes", receiver: health, topics: ["TOPIC_MENTAL_HEALTH"],
    description: "Ei jaksa hoitaa asioitaan, ei hoitokontaktia.",
  });
  await expect(worker.summary).toContainText("Odottaa: Kuopion terveysasema");
  const row = nurse.page.locator("a.row, button.fresh").first();
  await row.click();
  await nurse.page.locator("a.row").first().click();
  await expect(nurse.matter).toContainText("Ei jaksa hoitaa asioitaan");
  // The connection breaks in the middle, and Koppi restarts: the loop still closes.
  koppi.line.cut();
  await koppi.restart();
  koppi.line.mend();
  await expect(nurse.page.getByText("Yhteys on poikki.")).toHaveCount(0, { timeout: 30_000 });
  await nurse.take("TakeConcern");
  await expect(worker.phase).toContainText(worker.word("LOOP_PHASE_CLOSED"), { timeout: 30_000 });
  await expect(kela.phase).toContainText(kela.word("LOOP_PHASE_CLOSED"), { timeout: 30_000 });
  await expect(kela.matter).toContainText(kela.word("OUTCOME_FORWARDED"));
  await nurse.take("CloseConcern", { outcome: "OUTCOME_SERVICE_STARTED", feedback: "Hoitokontakti aloitettu." });
  await phase(nurse, "LOOP_PHASE_CLOSED");
  await expect(worker.matter).toContainText("Hoitokontakti aloitettu.");
});

test.describe("05", () => {
  test.use({ clock: "2025-12-22T09:00:00+02:00" });
  test("05: nobody takes it, and silence is told to both sides", long, async ({ comes, koppi }) => {
    const kela = await comes("kela-17"), guide = await comes("ps-04");
    const subject = await begin(kela, "concern", {
      ...reported, ...known("020516C903K"), receiver: county, topics: ["TOPIC_RENT_ARREARS"], description: "Vuokra maksamatta.",
      urgency: "URGENCY_NORMAL",
    });
    await guide.open(subject);
    await guide.take("ReceiveConcern");
    await koppi.advance("2026-01-07T22:01:00Z");
    for (const who of [kela, guide]) await expect(who.matter.locator(".late")).toContainText("myöhässä");
    await guide.go("/work?show=overdue");
    await expect(guide.row(subject)).toBeVisible();
    await guide.open(subject);
    await guide.take("TakeConcern");
    await expect(kela.matter.locator(".late")).toHaveCount(0);
  });
});

test("06: a decision notice acknowledged; a referral redirected, and nobody drops it between", long, async ({ comes, koppi }) => {
  const worker = await comes("ps-21"), nurse = await comes("tk-02"), job = await comes("ty-09");
  const notice = await begin(worker, "referral", {
    kind: "REFERRAL_KIND_DECISION_NOTICE", ground: "ttl-18b-3", ...known("010594Y9032"),
    receiver: { agency: "kela", unit: "toimeentulotuki" }, reason: "Ehkäisevä toimeentulotuki myönnetty sähkölaskuun.",
    urgency: "URGENCY_NORMAL",
  });
  const kela = await comes("kela-17");
  await kela.open(notice);
  await kela.take("CompleteReferral", { outcome: "REFERRAL_OUTCOME_ACKNOWLEDGED" });
  await phase(worker, "LOOP_PHASE_CLOSED");
  const referral = await begin(worker, "referral", {
    kind: "REFERRAL_KIND_SERVICE", ...consented, ...known("010594Y9032"), service: "tyokyvyn-arvio", receiver: health,
    reason: "Työkyvyn arvio.", urgency: "URGENCY_NORMAL",
  });
  await nurse.open(referral);
  await nurse.take("RedirectReferral", {
    ...earlier, receiver: { agency: "tyollisyys-kuopio", unit: "tyollisyys" }, explanation: "Työkykykoordinaattori työllisyysalueella.",
  });
  await expect(worker.summary).toContainText("Odottaa: Työllisyyspalvelut");
  await job.page.locator("a.row, button.fresh").first().click();
  await job.page.locator("a.row").first().click();
  await job.press("DeclineReferral");
  const form = job.page.locator("form.step-form");
  await job.fill(form, { reason: "REFERRAL_DECLINE_REASON_NO_CAPACITY", explanation: "Seuraava aika tammikuussa." });
  await job.send(form);
  await expect(worker.summary).toContainText("Odottaa: Kuopion terveysasema");
  await nurse.take("AcceptReferral");
  await phase(worker, "LOOP_PHASE_TAKEN");
  await nurse.take("ScheduleAppointment", { at: "2026-12-01T10:00", place: "Terveysasema" });
  await expect(worker.matter).toContainText("1.12.2026");
  await koppi.advance("2026-12-01T08:30:00Z");
  await nurse.page.reload();
  await nurse.press("RecordAppointmentResult");
  const result = nurse.page.locator("form.step-form");
  await nurse.tick(result.locator('[data-field="appointment"] input[type=radio]').first());
  await nurse.fill(result, { result: "APPOINTMENT_RESULT_NO_SHOW" });
  await nurse.send(result);
  await expect(worker.matter).toContainText(worker.word("APPOINTMENT_RESULT_NO_SHOW"));
  await nurse.take("CompleteReferral", { outcome: "REFERRAL_OUTCOME_CLIENT_NOT_REACHED" });
  await phase(worker, "LOOP_PHASE_CLOSED");
});

test("07: an anonymous question gets its answer, and turns into a referral", long, async ({ comes }) => {
  const worker = await comes("ps-21"), nurse = await comes("tk-02");
  await worker.go("/new/consultation");
  const form = worker.page.locator("form.step-form");
  const question = { ground: "anonymous", receiver: health, topic: "Lääkitys ja työkyky", urgency: "URGENCY_NORMAL" };
  await worker.fill(form, { ...question, question: "Asiakas 010594Y9032 kysyy lääkityksestä." });
  await form.locator("[data-next]").click();
  await expect(form.locator('[data-field="question"]')).toContainText("Tekstissä on henkilötunnus");
  await worker.fill(form, { question: "Voiko lääkityksen muutos selittää poissaolot?" });
  await worker.send(form);
  const subject = await subjectOf(worker.page);
  await nurse.open(subject, "consultations");
  await nurse.take("TakeConsultation");
  await expect(worker.summary).toContainText("Niina Hoitaja");
  const box = nurse.matter.locator("#message");
  await box.pressSequentially("Voi. ");
  await expect(worker.matter.locator("[data-typing]")).toContainText("Niina Hoitaja");
  await box.fill("Voi. Suosittelen arviota terveysasemalla.");
  await nurse.matter.locator("form.compose [data-send=answer]").click();
  await expect(worker.matter).toContainText("Suosittelen arviota terveysasemalla.");
  await worker.begin("referral");
  const referral = worker.page.locator("form.step-form");
  await worker.fill(referral, {
    kind: "REFERRAL_KIND_SERVICE", ...consented, ...known("010594Y9032"), service: "tyokyvyn-arvio", receiver: health,
    reason: "Arvio konsultaation perusteella.", urgency: "URGENCY_NORMAL",
  });
  await worker.send(referral);
  await nurse.open(await subjectOf(worker.page));
  await expect(nurse.matter).toContainText("Arvio konsultaation perusteella.");
});

test("08: one plan of three agencies: own goals lead, responsibility is handed on", long, async ({ comes, koppi }) => {
  const worker = await comes("ps-21"), nurse = await comes("tk-02"), counsellor = await comes("ps-33");
  const subject = await begin(worker, "plan", { ...consented, ...known("140391-9021") });
  await worker.take("AddGoal", { text: "Haluan nukkua yöt ja jaksaa viedä lapsen päiväkotiin.", setBy: "client" });
  await worker.take("InviteMember", {
    ...earlier, party: health,
  });
  await nurse.open(subject, "plans");
  await expect(nurse.step("AddAction")).toHaveCount(0);
  await nurse.take("JoinPlan");
  await expect(worker.phase).toContainText("voimassa");
  await nurse.take("AddAction", { text: "Unihoitajan aika", due: "2026-12-07" });
  await expect(worker.matter).toContainText("Unihoitajan aika");
  await worker.take("AssessGoal", { by: "client", score: "-2" });
  await expect(nurse.matter.locator("svg").first()).toBeVisible();
  await koppi.advance("2026-12-07T22:01:00Z");
  await worker.page.reload();
  await expect(worker.matter.locator(".late").first()).toBeVisible();
  await nurse.page.reload();
  await nurse.take("CompleteAction", {});
  await worker.take("OfferResponsibility", { unit: "hva-pohjois-savo/tyoikaiset-kuopio", worker: "ps-33", reason: "Tuen tarve keventyi." });
  await counsellor.open(subject, "plans");
  await counsellor.take("AcceptResponsibility");
  await expect(worker.summary).toContainText("Outi Ohjaaja");
  await counsellor.take("AssessGoal", { by: "client", score: "1" });
  await counsellor.take("RecordClientView", { heard: "yes", lead: "yes", comment: "Tultiin vastaan." });
  await expect(worker.matter).toContainText("Tultiin vastaan.");
  await counsellor.take("EndPlan", { reason: "Tavoite saavutettu." });
  await expect(worker.phase).toContainText("päättynyt");
});

test("14: the first contact before anybody takes it, a triage that changes, a pair, an appointment missed", long, async ({
  comes, koppi,
}) => {
  // A colleague can be chosen once Koppi knows the colleague.
  await koppi.knows("ps-21");
  const kela = await comes("kela-17"), guide = await comes("ps-04"), counsellor = await comes("ps-33"), worker = await comes("ps-21");
  const client = await comes("client"), form = kela.page.locator("form.step-form");
  await kela.go("/new/concern");
  await kela.fill(form, { ...known("030694W9024"), interpreterNeeded: true });
  await form.locator('[data-field="interpreter"] button').click();
  await kela.page.getByRole("option", { name: "venäjä", exact: true }).click();
  await kela.fill(form, {
    receiver: county, ...attested, topics: ["TOPIC_RENT_ARREARS", "TOPIC_SUBSTANCE_USE"], urgency: "URGENCY_URGENT",
  });
  await kela.send(form);
  const subject = await subjectOf(kela.page);
  await guide.open(subject);
  await expect(guide.matter.locator("aside [data-interpreter]")).toHaveText("venäjä");
  const card = (who: typeof guide, name: string) => who.matter.locator(`[data-card-form="${name}"]`);
  const saved = (who: typeof guide, step: string) => expect(who.matter.locator(`[data-saved="${step}"]`)).toBeFocused();
  const contacts = guide.matter.locator('[data-event="ContactAttempted"]');
  // The first contact also receives the report.
  await card(guide, "contact").locator("[data-contact-more]").click();
  await guide.fill(card(guide, "contact"), {
    result: "CONTACT_RESULT_NOT_REACHED", mode: "CONTACT_MODE_PHONE", next: "2026-11-23T15:00",
    nextMode: "CONTACT_MODE_TEXT_MESSAGE", note: "Puhelin ei vastannut, vastaajaa ei ole.",
  });
  await card(guide, "contact").locator("[data-save]").click();
  await saved(guide, "RecordContactAttempt");
  await expect(contacts).toHaveCount(1);
  await phase(kela, "LOOP_PHASE_RECEIVED");
  // Of a client whom nobody has reached the urgency is lowered with a reason alone.
  await guide.fill(card(guide, "triage"), { urgency: "URGENCY_NORMAL" });
  await card(guide, "triage").locator("[data-save]").click();
  await expect(card(guide, "triage").locator('[data-field="reason"]')).toContainText("Asiakasta ei ole vielä tavoitettu.");
  await koppi.advance("7200s");
  await guide.matter.locator('[data-part="contact"]').click();
  await card(guide, "contact").locator("[data-contact-more]").click();
  await guide.fill(card(guide, "contact"), {
    result: "CONTACT_RESULT_REACHED", will: "CLIENT_WILL_UNSURE", note: "Soitti takaisin. Ei tiedä, haluaako tavata.",
  });
  await card(guide, "contact").locator("[data-add-guidance]").click();
  const guidance = card(guide, "contact").locator('[data-field="guidedTo"]');
  await guidance.locator("label").filter({ hasText: "Muualle" }).click();
  await guidance.locator("input:not([type=radio])").first().fill("Takuusäätiö");
  await guidance.locator("input:not([type=radio])").last().fill("Velkalinja neuvoo veloissa.");
  await card(guide, "contact").locator("[data-save]").click();
  await expect(contacts).toHaveCount(2);
  await guide.fill(card(guide, "triage"), { urgency: "URGENCY_URGENT", fourField: "HIGH_LOW", track: "TRACK_SOCIAL_COUNSELLING" });
  await card(guide, "triage").locator("[data-save]").click();
  await saved(guide, "TriageConcern");
  await guide.fill(card(guide, "pass"), { to: adults });
  await card(guide, "pass").locator("[data-save]").click();
  await saved(guide, "ReassignConcern");
  await counsellor.open(subject);
  await expect(counsellor.matter.locator("aside")).toContainText("Verkostopalaveri");
  await counsellor.take("TakeConcern");
  await counsellor.take("TriageConcern", {
    urgency: "URGENCY_NORMAL", supportNeed: "SUPPORT_NEED_SPECIAL", track: "TRACK_SOCIAL_WORK", will: "CLIENT_WILL_YES",
    reason: "Päihteet ja mielenterveys tulivat esiin tapaamisessa.",
  });
  await expect(counsellor.matter.locator('[data-event="ConcernTriaged"]')).toHaveCount(2);
  await expect(counsellor.step("StartAssessment")).toHaveCount(0);
  await counsellor.take("SetSecondWorker", { worker: "ps-21" });
  await expect(counsellor.matter.locator("aside")).toContainText("Saara Sosiaali");
  await worker.open(subject, "work", "me");
  await counsellor.take("ReassignConcern", { to: { ...adults, worker: "ps-21" }, reason: "Arviointi kuuluu sosiaalityöntekijälle." });
  await expect(worker.summary).toContainText("Saara Sosiaali");
  await worker.take("StartAssessment");
  for (const [at, place, later, came] of [
    ["2026-11-25T10:00", "Sosiaalitoimisto", "2026-11-25T08:30:00Z", "came-not"],
    ["2026-11-26T10:00", "Kotikäynti", "2026-11-26T08:30:00Z", "came"],
  ] as const) {
    await worker.take("ScheduleAppointment", { at, place });
    await expect(worker.matter.locator("[data-appointment]")).toContainText(place);
    await koppi.advance(later);
    await worker.page.reload();
    await worker.matter.locator(`[data-${came}]`).click();
    await saved(worker, "RecordAppointmentResult");
  }
  await worker.take("CompleteAssessment", { supportNeed: "SUPPORT_NEED_SPECIAL" });
  await worker.take("CloseConcern", { outcome: "OUTCOME_SERVICE_STARTED", note: "Jatkuu asiakassuunnitelmana." });
  await phase(kela, "LOOP_PHASE_CLOSED");
  // The reporter without consent learns the fate of the report; the client what was done, and no judgement.
  for (const secret of ["Verkostopalaveri", "Erityinen tuki", "ei ole varma", "Takuusäätiö", "asiakassuunnitelmana"]) {
    await expect(kela.matter).not.toContainText(secret);
  }
  await client.page.reload();
  await client.page.locator("[data-fold=ended]").first().click();
  const own = client.page.locator(`article[data-subject="${subject}"]`);
  await expect(own).toContainText("Velkalinja neuvoo veloissa.");
  for (const secret of ["Verkostopalaveri", "Erityinen tuki", "Soitti takaisin"]) await expect(own).not.toContainText(secret);
});
