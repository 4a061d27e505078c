import { randomUUID } from "node:crypto";

import { accessible } from "./accessible";
import { adults } from "./begin";
import { consent } from "./cases";
import { expect, long, test } from "./fixtures";
import type { Koppi } from "./koppi";
import { pictures } from "./pictures";

// What the client, the receiver and the reporter read of a first contact: each what they may know.

const herself = "030694W9024";
// What the receiver alone reads.
const kept = [
  "Soitti takaisin.", "Velka on suuri.", "erkostopalaveri", "ätverksmöte", "etwork", "Tuen määrä", "Mängden stöd", "Amount of support",
];

async function contacted(koppi: Koppi): Promise<string> {
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), client: { personalIdentityCode: herself, language: "fi", interpreter: "ru" }, urgency: "URGENCY_NORMAL",
    receiver: { agency: "hva-pohjois-savo", unit: adults.unit }, basis: consent("1301/2014 § 35.1"), topics: ["TOPIC_RENT_ARREARS"],
  });
  const { concernId } = concern;
  const step = (name: string, rest: object = {}) =>
    koppi.call("ps-21", `concern.v1.ConcernService/${name}`, { requestId: randomUUID(), concernId, ...rest });
  await step("TakeConcern");
  await step("RecordContactAttempt", {
    result: "CONTACT_RESULT_REACHED", clientWill: "CLIENT_WILL_UNSURE", note: "Soitti takaisin.",
    guidedTo: [
      { party: { agency: "kela", unit: "toimeentulotuki" }, what: "Hae perustoimeentulotukea jo tänään." },
      { organisation: "Takuusäätiö", what: "Velkalinja neuvoo veloissa." },
    ],
  });
  await step("TriageConcern", {
    urgency: "URGENCY_NORMAL", supportNeed: "SUPPORT_NEED_NETWORK", reason: "Velka on suuri.",
    fourField: { support: "SUPPORT_LEVEL_HIGH", difficulty: "SUPPORT_LEVEL_LOW" },
  });
  await step("ScheduleAppointment", { at: "2026-12-01T08:00:00Z", place: "Sosiaalitoimisto" });
  return `concerns/${concernId}`;
}

test("the client reads the appointment, the guidance and the interpreter, and no judgement or note", long, async ({ koppi, comes }) => {
  const subject = await contacted(koppi), client = await comes("client", { width: 390, height: 844 }), { page } = client;
  const situation = page.locator(`[data-situation="${subject}"]`);
  await expect(situation.locator("[data-meeting]")).toHaveText(/ti 1\.12\. klo 10\s*Sosiaalitoimisto/);
  await situation.locator("[data-fold=more]").click();
  const card = page.locator(`article[data-subject="${subject}"]`);
  await expect(card).toContainText("Sinut ohjattiin: Perustoimeentulotuki (Kela). Hae perustoimeentulotukea jo tänään.");
  await expect(card).toContainText("Sinut ohjattiin: Takuusäätiö. Velkalinja neuvoo veloissa.");
  await expect(card).toContainText("Tulkkaus: venäjä.");
  await pictures(page, "own-intake");
  await page.locator("[data-fold=happened]").first().click();
  await expect(page.locator(".course-of")).toContainText("Varasi sinulle ajan.");
  for (const [language, interpreter] of [["Suomi", "venäjä"], ["Svenska", "ryska"], ["English", "Russian"]] as const) {
    await page.getByRole("button", { name: language }).click();
    await expect(card).toContainText(interpreter);
    const text = await page.locator("main").innerText();
    for (const one of kept) expect(text, one).not.toContain(one);
  }
  await accessible(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
});

test("beside the matter its receiver reads what was judged, and the reporter the interpreter alone", long, async ({ koppi, comes }) => {
  const subject = await contacted(koppi), worker = await comes("ps-21", { width: 1366, height: 768 }), kela = await comes("kela-17");
  await worker.open(subject);
  const side = worker.matter.locator("aside");
  await expect(worker.summary).toContainText("Asiakkaalle on varattu aika 1.12.2026 10.00, Sosiaalitoimisto.");
  await expect(side.locator("[data-interpreter]")).toHaveText("venäjä");
  for (const said of ["Verkostopalaveri", "Tuen määrä: paljon", "ei ole varma"]) await expect(side).toContainText(said);
  await expect(side.locator("[data-appointed]")).toHaveText("ti 1.12. klo 10, Sosiaalitoimisto");
  await pictures(worker.page, "side-intake");
  await kela.open(subject, "sent");
  await expect(kela.matter.locator("aside [data-interpreter]")).toHaveText("venäjä");
  for (const one of [...kept, "ei ole varma", "Takuusäätiö"]) await expect(kela.matter).not.toContainText(one);
});
