import { test as base, expect } from "@playwright/test";

import { Koppi } from "./koppi";
import { Person } from "./person";

// long marks the tests that make soak runs and make test does not: variants of what another test shows, and what
// takes long. A page and a rule for it has at least one test without this mark.
export const long = { tag: "@long" };

// A page has the same structure in every language: make soak, and who takes pictures, examines the other two.
export const whole = process.env.SOAK_PAGES !== undefined || process.env.PICTURES !== undefined;
export const languages: Record<string, string> = { fi: "Suomi", ...(whole && { sv: "Svenska", en: "English" }) };

interface Fixtures {
  // The domain's time, at which the test's Koppi is stopped.
  clock: string;
  // Further settings at its start.
  settings: string;
  koppi: Koppi;
  comes: (name: string, how?: Parameters<typeof Person.comes>[3]) => Promise<Person>;
}

// Each test has its own Koppi, and users in browsers of their own. At its end no page may have
// failed, violated its content security policy, or sent a request to another site.
export const test = base.extend<Fixtures>({
  clock: ["2026-11-23T09:00:00+02:00", { option: true }],
  settings: ["", { option: true }],
  koppi: async ({ clock, settings }, use) => {
    const koppi = await Koppi.start(clock, settings.split(" ").filter(Boolean));
    await use(koppi);
    await koppi.stop();
  },
  comes: async ({ browser, koppi }, use) => {
    const people: Person[] = [];
    await use(async (name, how) => {
      const person = await Person.comes(browser, koppi, name, how);
      people.push(person);
      return person;
    });
    for (const person of people) {
      expect(person.misdeeds, person.name).toEqual([]);
      await person.leaves();
    }
  },
});

export { expect };
