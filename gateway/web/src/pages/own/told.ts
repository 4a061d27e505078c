import type { TFunction } from "i18next";

import { DueBasis, type LoopStatus, type Party, type PlannedContact } from "#gen/koppi/common/v1/party_pb";
import type { Revocation } from "#gen/koppi/common/v1/revocation_pb";
import { dateOf } from "../../app/clock";
import { clock, day, endsItsDay, limit } from "../../ui/dates";
import type { Names } from "./names";

// Told is a matter as it is told to the client whom it concerns: short sentences, no codes.
export interface Told {
  subject: string;
  title: string;
  // Where it stands: said first.
  standing: string;
  // What that means, and why.
  means: string[];
  // What else there is to say of it: how it began.
  notes: string[];
  // Nobody is awaited by the client: a notice, papers.
  quiet?: boolean;
  // It is urgent: until when to wait, and whom to call then. Said instead of what is next.
  urgent?: string;
  // What comes next, and by when.
  next?: string;
  due?: Date;
  // It should have happened by then, and has not.
  late: boolean;
  // Who is responsible now, and whom the client can ask.
  responsible?: Party;
  appointments: { at: Date; place: string }[];
  planned: PlannedContact[];
  // What was told about the client: topics and words.
  said?: { topics: string[]; text: string };
  began: Date;
  ended?: Date;
  // It was entered in error: by whom, and how far its removal has come.
  mistake?: { sender: Party | undefined; revocation: Revocation | undefined };
}

export interface Tongue { t: TFunction; word: (name: string) => string; names: Names; now: Date }

const endings = /_(CLOSED|COMPLETED|WITHDRAWN|CANCELLED|REDIRECTED|ENDED|ENTERED_IN_ERROR)$/;
const mistakes = /_ENTERED_IN_ERROR$/;

interface Matter { subject: string; state: string; status?: LoopStatus; sender?: Party; began?: Date; revocation?: Revocation }

// frameOf is what is said of every matter alike: who answers for it, until when, whether it
// has ended or was a mistake.
export function frameOf({ subject, state, status, sender, began, revocation }: Matter): Omit<Told, "title" | "standing"> {
  const over = endings.test(state), due = dateOf(status?.dueAt);
  return {
    subject, means: [], notes: [], appointments: [], planned: [], began: began ?? new Date(0),
    due: over ? undefined : due, late: !over && Boolean(status?.overdue), responsible: over ? undefined : status?.responsible,
    ended: over ? dateOf(status?.since) : undefined, mistake: mistakes.test(state) ? { sender, revocation } : undefined,
  };
}

// Aims that have words of their own; all others are to be taken up by then.
export const aims = [
  "CONCERN_STATE_IN_ASSESSMENT", "CONCERN_STATE_DECLINED", "REFERRAL_STATE_IN_PROGRESS", "REFERRAL_STATE_ON_HOLD",
  "REFERRAL_STATE_DECLINED", "CONSULTATION_STATE_OPEN", "CONSULTATION_STATE_TAKEN", "CONSULTATION_STATE_ANSWERED",
] as const;

// An assessment that has begun has the day by which it is complete.
const begun = /_IN_ASSESSMENT$/;

// nextOf says what comes next and by when, in words of the state and of what the day rests
// on: what the law asks for, what is aimed at, or what was agreed.
export function nextOf(key: string, { due }: { due?: Date }, status: LoopStatus | undefined, { t }: Tongue): string | undefined {
  if (!due) return undefined;
  const date = limit(due), basis = status?.dueBasis;
  if (basis === DueBasis.SERVICE_PROMISE) return aims.some((one) => one === key) ? t(`${key}_aim`, { date }) : t("aimBy", { date });
  if (basis !== DueBasis.STATUTORY) return t(`${key}_next`, { date });
  const assessed = status!.dueProvision.startsWith("1301/2014 § 36");
  return assessed && begun.test(key) ? t(`${key}_next`, { date }) : t(assessed ? "assessBy" : "decideBy", { date });
}

// urgentOf tells a client whose matter is urgent until when to wait, and whom to call then.
export function urgentOf({ due, late }: { due?: Date; late: boolean }, status: LoopStatus | undefined, { t }: Tongue): string | undefined {
  if (!due || status?.dueBasis !== DueBasis.URGENCY) return undefined;
  const time = endsItsDay(due) ? day(due) : t("appointmentAt", { date: day(due), time: clock(due) });
  return [t("urgentBy", { time }), late && t("urgentLate")].filter(Boolean).join(" ");
}

export const onDay = (date: Date | undefined) => (date ? day(date) : "");
