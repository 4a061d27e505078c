import { randomUUID } from "node:crypto";

import { consent } from "./cases";
import type { Koppi } from "./koppi";

// The clock of a test before and after months of work.
export const before = "2026-07-01T08:00:00+03:00", after = "2026-12-01T09:00:00Z";
// The first working days of the months.
const starts = ["2026-07-02", "2026-08-03", "2026-09-02", "2026-10-01", "2026-11-02"];
export const worked = starts.map((start) => start.slice(0, 7));

const county = { agency: "hva-pohjois-savo" }, kela = { agency: "kela", unit: "toimeentulotuki" };
const health = { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio" };
const jobs = { agency: "tyollisyys-kuopio", unit: "tyollisyys" };

// The time of an event: hours after the morning on which a month's work begins.
const begun = 0, sameDay = 2, nextDay = 26, thirdDay = 72, week = 170, late = 434, end = 600;
const moment = (month: number, after: number) => new Date(Date.parse(`${starts[month]}T06:00:00Z`) + after * 3_600_000).toISOString();

interface Answer { referral: { appointments: { appointmentId: string }[] } }
interface Step { at: number; by: string; does: string; gives?: object | ((answer: Answer) => object) }
// Life is the course of a matter in the month in which it begins.
type Life = Step[];
interface Way {
  by: string;
  service: string;
  begins: string;
  gives: (client: object, now: string) => object;
  monthly: number[];
  repeats?: number;
  lives: (month: number) => Life[];
}

const reported = (by: string, receiver: object) => ({
  by, service: "concern", begins: "SubmitConcern",
  gives: (client: object, consentedAt: string) => ({
    client, receiver, basis: { ...consent("1301/2014 § 35.1"), consentedAt }, topics: ["TOPIC_RENT_ARREARS"],
    description: "Kaksi vuokraa maksamatta.", urgency: "URGENCY_NORMAL",
  }),
});
const referred = (by: string, receiver: object, kind = "REFERRAL_KIND_SERVICE") => ({
  by, service: "referral", begins: "SendReferral",
  gives: (client: object, consentedAt: string) => ({
    client, receiver, basis: { ...consent("703/2023 § 53"), consentedAt }, kind, reason: "Työkyvyn arvio.", urgency: "URGENCY_NORMAL",
  }),
});
const asked = (by: string, addressee: object) => ({
  by, service: "consultation", begins: "OpenConsultation",
  gives: () => ({
    addressee, basis: { ground: "LEGAL_GROUND_NO_PERSONAL_DATA", provision: "703/2023 § 31" }, topic: "Lääkitys ja työkyky",
    question: "Voiko lääkityksen muutos selittää poissaolot?", urgency: "URGENCY_NORMAL",
  }),
});

// Handled, with the client reached or not; taken late; declined; left in progress.
const concernLives = (by: string, taken: number, closed: number) => {
  const contact = (at: number, result: string) => ({ at, by, does: "RecordContactAttempt", gives: { result: `CONTACT_RESULT_${result}` } });
  const take = (at: number) => ({ at, by, does: "TakeConcern" });
  const close = (at: number) => ({ at, by, does: "CloseConcern", gives: { outcome: "OUTCOME_SERVICE_STARTED" } });
  const handled = [take(taken), contact(taken, "REACHED"), close(closed)];
  const noShow = [take(taken), contact(taken, "NO_SHOW"), contact(closed, "REACHED"), close(closed)];
  const overdue = [take(late), contact(late, "REACHED"), close(end)];
  const declined = [{ at: nextDay, by, does: "DeclineConcern", gives: { reason: "DECLINE_REASON_WRONG_AREA" } }];
  return [handled, noShow, handled, overdue, handled, noShow, declined, handled, overdue, [take(taken), contact(taken, "REACHED")]];
};
const referralLives = (by: string, accepted: number, month: number) => {
  const accept = [
    { at: accepted, by, does: "AcceptReferral" },
    { at: accepted, by, does: "ScheduleAppointment", gives: { at: moment(month, week), place: "Terveysasema" } },
  ];
  const result = (came: string) => ({
    at: week, by, does: "RecordAppointmentResult",
    gives: ({ referral }: Answer) => ({ appointmentId: referral.appointments[0]!.appointmentId, result: `APPOINTMENT_RESULT_${came}` }),
  });
  const complete = { at: week, by, does: "CompleteReferral", gives: { outcome: "REFERRAL_OUTCOME_SERVICE_GIVEN" } };
  const given = [...accept, result("ATTENDED"), complete], noShow = [...accept, result("NO_SHOW"), complete];
  return [
    given, noShow,
    [
      {
        at: thirdDay, by, does: "DeclineReferral",
        gives: { reason: "REFERRAL_DECLINE_REASON_NO_CAPACITY", explanation: "Seuraava aika tammikuussa." },
      },
    ],
    given, accept,
  ];
};
const answered = (by: string, asker: string): Life[] => [[
  { at: sameDay, by, does: "TakeConsultation" },
  { at: sameDay, by, does: "PostMessage", gives: { text: "Voi. Suosittelen arviota.", answers: true } },
  { at: nextDay, by: asker, does: "CloseConsultation" },
]];
const acknowledged = (by: string): Life =>
  [{ at: thirdDay, by, does: "CompleteReferral", gives: { outcome: "REFERRAL_OUTCOME_ACKNOWLEDGED" } }];
const planned = (): Life => [
  { at: begun, by: "ps-21", does: "AddGoal", gives: { text: "Haluan nukkua yöt.", setByClient: true } },
  { at: week, by: "ps-21", does: "StartPlan" },
];

// The matters between agencies each month, and who handles them there.
const ways: Way[] = [
  {
    ...reported("kela-17", county), monthly: [23, 17, 26, 21, 31], repeats: 6,
    lives: (month) => concernLives("ps-21", month % 2 ? thirdDay : nextDay, month % 2 ? week : thirdDay),
  },
  {
    ...reported("kela-17", health), monthly: [6, 11, 5, 12, 9],
    lives: (month) => concernLives("tk-02", month === 3 ? thirdDay : nextDay, week),
  },
  { ...reported("ty-09", county), monthly: [5, 8, 6, 7, 12], repeats: 2, lives: () => concernLives("ps-33", sameDay, thirdDay) },
  {
    ...referred("ps-21", health), monthly: [11, 9, 14, 10, 16],
    lives: (month) => referralLives("tk-02", month > 2 ? thirdDay : nextDay, month),
  },
  { ...referred("ps-21", kela, "REFERRAL_KIND_DOCUMENTS"), monthly: [8, 5, 11, 9, 7], lives: () => [acknowledged("kela-17")] },
  { ...referred("tk-02", jobs), monthly: [0, 6, 0, 5, 6], lives: (month) => referralLives("ty-09", sameDay, month) },
  { ...asked("ps-21", health), monthly: [6, 5, 9, 7, 11], lives: () => answered("tk-02", "ps-21") },
  { ...asked("kela-17", { ...county, unit: "palveluohjaus" }), monthly: [5, 0, 6, 5, 6], lives: () => answered("ps-04", "kela-17") },
  {
    by: "ps-21", service: "plan", begins: "CreatePlan",
    gives: (client, consentedAt) => ({ client, basis: { ...consent("1301/2014 § 39"), consentedAt } }), monthly: [3, 2, 6, 4, 5],
    lives: () => [planned()],
  },
  // Too few to be published.
  { ...referred("en-03", jobs), monthly: [1, 1, 0, 1, 1], lives: (month) => referralLives("ty-09", nextDay, month) },
];

// code is the identity code of an invented client.
function code(client: number) {
  const two = (number: number) => String(number).padStart(2, "0");
  const birth = `${two(1 + client % 28)}${two(1 + Math.floor(client / 28) % 12)}${two(60 + Math.floor(client / 336))}`;
  return `${birth}-902${"0123456789ABCDEFHJKLMNPRSTUVWXY"[Number(`${birth}902`) % 31]}`;
}

// months does months of work between agencies, through the API alone.
export async function months(koppi: Koppi) {
  for (const month of starts.keys()) {
    const doings = new Map([begun, sameDay, nextDay, thirdDay, week, late, end].map((at) => [at, [] as Doing[]]));
    for (const [number, way] of ways.entries()) {
      const lives = way.lives(month);
      for (let one = 0; one < way.monthly[month]!; one += 1) {
        // The same clients are reported as months ago.
        const client = { personalIdentityCode: code(number * 200 + (one < (way.repeats ?? 0) ? one : month * 40 + one)), language: "fi" };
        live(koppi, way, lives[one % lives.length]!, way.gives(client, moment(month, begun)), doings);
      }
    }
    for (const [at, all] of doings) {
      await koppi.advance(moment(month, at));
      await atOnce(all);
    }
  }
  await koppi.advance(after);
}

type Doing = () => Promise<void>;

// live schedules the events of one matter.
function live(koppi: Koppi, { by, service, begins }: Way, life: Life, given: object, doings: Map<number, Doing[]>) {
  const path = `${service}.v1.${service[0]!.toUpperCase()}${service.slice(1)}Service/`;
  const all = [{ at: begun, by, does: begins, gives: given }, ...life] as Life;
  let subject = {}, answer: unknown;
  for (const [when, its] of doings) {
    its.push(async () => {
      for (const step of all.filter(({ at }) => at === when)) {
        const gives = typeof step.gives === "function" ? step.gives(answer as Answer) : step.gives;
        answer = await koppi.call(step.by, path + step.does, { requestId: randomUUID(), ...subject, ...gives });
        if (step.does === begins) {
          subject = { [`${service}Id`]: (answer as Record<string, Record<string, string>>)[service]![`${service}Id`] };
        }
      }
    });
  }
}

// atOnce runs eight at a time.
async function atOnce(all: Doing[]) {
  const left = [...all];
  await Promise.all(Array.from({ length: 8 }, async () => { for (let next = left.shift(); next; next = left.shift()) await next(); }));
}
