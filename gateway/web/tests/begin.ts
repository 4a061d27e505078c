import { expect, type Page } from "@playwright/test";

import type { Person } from "./person";

export const county = { agency: "hva-pohjois-savo" }, adults = { unit: "tyoikaiset-kuopio" };
export const health = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" };
export const consented = { ground: "now" };
export const earlier = { ground: "earlier", consentedAt: "2026-11-23T08:55" };
// A report asks too whether the client consents to the reporter hearing back.
export const reported = { ...consented, feedback: "yes" };
export const known = (code: string) => ({ code, language: "fi" });

// begin fills in and sends the form of a new matter, opens the matter, and returns its subject.
export async function begin(who: Person, what: string, values: Record<string, unknown>): Promise<string> {
  if (new URL(who.page.url()).pathname !== `/new/${what}`) await who.go(`/new/${what}`);
  const form = who.page.locator("form.step-form");
  await who.fill(form, values);
  await who.send(form);
  return subjectOf(who.page);
}

// subjectOf returns the subject of a matter that was sent, and opens the matter from its receipt.
export async function subjectOf(page: Page): Promise<string> {
  const receipt = page.locator("[data-receipt]");
  await receipt.locator("[data-open]").click();
  await expect(receipt).toHaveCount(0);
  await page.waitForURL(/\/(concerns|referrals|consultations|plans)\/[0-9a-f-]{36}/);
  return /\/((?:concerns|referrals|consultations|plans)\/[0-9a-f-]{36})/.exec(page.url())![1]!;
}

export const phase = (who: Person, name: string) => expect(who.phase).toContainText(who.word(name));
