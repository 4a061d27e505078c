const oneDay = 86_400_000;
const keyOf = (time: number) => new Date(time).toISOString().slice(0, 10);

// Week is an ISO 8601 week, such as "2026-W48", with its number, its Monday and its Sunday as YYYY-MM-DD.
export interface Week { week: string; number: number; from: string; to: string }

// weeksFrom returns the week of a day, given as YYYY-MM-DD, and those that follow it.
export function weeksFrom(day: string, count: number): Week[] {
  const time = Date.parse(day), monday = time - ((new Date(time).getUTCDay() + 6) % 7) * oneDay;
  return Array.from({ length: count }, (_, at) => weekOf(monday + at * 7 * oneDay));
}

function weekOf(monday: number): Week {
  // A week belongs to the year of its Thursday, and the first one has the year's first Thursday.
  const thursday = new Date(monday + 3 * oneDay), year = thursday.getUTCFullYear();
  const number = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * oneDay));
  return { week: `${year}-W${String(number).padStart(2, "0")}`, number, from: keyOf(monday), to: keyOf(monday + 6 * oneDay) };
}
