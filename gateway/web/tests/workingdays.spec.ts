import { expect, test } from "@playwright/test";

import { workingDaysBetween } from "../src/ui/workingdays";

test("working days are counted by the services' calendar, and are unknown outside its years", () => {
  for (const [from, to, count] of [
    ["2026-11-23", "2026-11-23", 0],
    ["2026-11-23", "2026-11-24", 1],
    ["2026-11-27", "2026-11-30", 1], // a weekend
    ["2026-12-22", "2027-01-07", 8], // Christmas, New Year and Epiphany
    ["2027-03-24", "2027-03-30", 2], // Easter
    ["2027-06-23", "2027-06-28", 2], // Midsummer
    ["2044-12-30", "2045-01-03", 2],
    ["2045-12-28", "2046-01-03", undefined],
    ["2019-12-30", "2020-01-02", undefined],
  ] as const) expect(workingDaysBetween(from, to), `${from} to ${to}`).toBe(count);
});
