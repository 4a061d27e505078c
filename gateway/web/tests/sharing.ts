import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";

import { accessible } from "./accessible";
import { attested, consent } from "./cases";
import { expect } from "./fixtures";
import { unit } from "./friday";
import type { Koppi } from "./koppi";
import { rawOf } from "./rawkeys";

const agency = "hva-pohjois-savo";

// The workers of the unit: its leader, and those who get work.
export const staff = ["ps-01", "ps-21", "ps-22", "ps-33"];

// team makes the people of the unit known to each other.
export const team = async (koppi: Koppi) => { for (const one of staff) await koppi.knows(one); };

// submit sends a report of another client each time, and returns its subject.
let clients = 0;
export async function submit(koppi: Koppi, urgency = "URGENCY_NORMAL", code?: string): Promise<string> {
  clients += 1;
  const { concern } = await koppi.call<{ concern: { concernId: string } }>("kela-17", "concern.v1.ConcernService/SubmitConcern", {
    requestId: randomUUID(), receiver: { agency, unit }, urgency, topics: ["TOPIC_RENT_ARREARS"],
    client: code ? { personalIdentityCode: code, language: "fi" }
      : { details: { familyName: `Testinen ${clients}`, birthDate: "1990-01-01" } },
    basis: code ? attested : consent("1301/2014 § 35.1"), description: code ? "" : "Kaksi vuokraa maksamatta.",
  });
  return `concerns/${concern.concernId}`;
}

// step takes a step of a concern through the API.
export const step = (koppi: Koppi, who: string, name: string, subject: string, more: object = {}) =>
  koppi.call(who, `concern.v1.ConcernService/${name}`, { requestId: randomUUID(), concernId: subject.split("/")[1], ...more });

export const away = (koppi: Koppi, worker: string, from: string, to: string, substitute?: string) =>
  koppi.call("ps-01", "casework.v1.CaseworkService/SetAbsence", {
    requestId: randomUUID(), worker, from, to, ...(substitute && { substitute: { agency, unit, worker: substitute } }),
  });

export const duty = (koppi: Koppi, week: string, workers: string[]) =>
  koppi.call("ps-01", "casework.v1.CaseworkService/SetDuty", { requestId: randomUUID(), unit, week, workers });

// holder is who holds a matter, as the API says it to the unit's leader.
export async function holder(koppi: Koppi, subject: string): Promise<string> {
  const { items } = await koppi.call<{ items?: { subject: string; holder?: { worker?: string } }[] }>(
    "ps-01", "casework.v1.CaseworkService/ListWork", { queue: "QUEUE_UNIT", unit, pageSize: 1000 },
  );
  return items?.find((item) => item.subject === subject)?.holder?.worker ?? "";
}

// examined says that a page is accessible, fits a small phone, and says nothing raw, in three languages.
export async function examined(page: Page, name: string) {
  for (const language of ["Svenska", "English", "Suomi"]) {
    await page.getByRole("button", { name: language }).click();
    await accessible(page, name);
    expect.soft(await rawOf(page), `${name} in ${language}`).toEqual([]);
    const before = page.viewportSize()!;
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 780 });
      await expect.poll(
        () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
        { message: `${name} in ${language} at ${width} px is wider than that by` },
      ).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize(before);
  }
}
