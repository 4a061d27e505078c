import type { TFunction } from "i18next";

import { DueBasis, type LoopStatus, type Party, type PlannedContact } from "koppi-contract/koppi/common/v1/party_pb";
import type { Revocation } from "koppi-contract/koppi/common/v1/revocation_pb";
import { dateOf } from "../../app/clock";
import { clock, day, endsItsDay, limit } from "../../ui/dates";
import type { Names } from "./names";

// OwnMatter is a matter as its client sees it: short sentences, no codes.
export interface OwnMatter {
  subject: string;
  title: string;
  // The state, shown first.
  summary: string;
  // What that means, and why.
  means: string[];
  // Further notes: how it began.
  notes: string[];
  // The client is not asked for anything: a notice, documents.
  quiet?: boolean;
  // An urgent matter: how long to wait, and whom to call then. Shown instead of the next step.
  urgent?: string;
  // The next step, and its due date.
  next?: string;
  due?: Date;
  // The due date has passed.
  late: boolean;
  // Who is responsible now, and whom the client can ask.
  responsible?: Party;
  appointments: { at: Date; place: string }[];
  planned: PlannedContact[];
  // What was sent about the client: topics and text.
  said?: { topics: string[]; text: string };
  began: Date;
  ended?: Date;
  // Entered in error: by whom, and how far the removal has come.
  mistake?: { sender: Party | undefined; revocation: Revocation | undefined };
}

export interface Tongue { t: TFunction; word: (name: string) => string; names: Names; now: Date }

const endings = /_(CLOSED|COMPLETED|WITHDRAWN|CANCELLED|REDIRECTED|ENDED|ENTERED_IN_ERROR)$/;
const mistakes = /_ENTERED_IN_ERROR$/;

interface Matter { subject: string; state: string; status?: LoopStatus; sender?: Party; began?: Date; revocation?: Revocation }

// frameOf returns what every matter shows: who is responsible, until when, whether it has ended or
// was entered in error.
export function frameOf({ subject, state, status, sender, began, revocation }: Matter): Omit<OwnMatter, "title" | "summary"> {
  const over = endings.test(state), due = dateOf(status?.dueAt);
  return {
    subject, means: [], notes: [], appointments: [], planned: [], began: began ?? new Date(0),
    due: over ? undefined : due, late: !over && Boolean(status?.overdue), responsible: over ? undefined : status?.responsible,
    ended: over ? dateOf(status?.since) : undefined, mistake: mistakes.test(state) ? { sender, revocation } : undefined,
  };
}

// Target dates with a text of their own; all others say that the matter is taken up by then.
export const aims = [
  "CONCERN_STATE_IN_ASSESSMENT", "CONCERN_STATE_DECLINED", "REFERRAL_STATE_IN_PROGRESS", "REFERRAL_STATE_ON_HOLD",
  "REFERRAL_STATE_DECLINED", "CONSULTATION_STATE_OPEN", "CONSULTATION_STATE_TAKEN", "CONSULTATION_STATE_ANSWERED",
] as const;

// A started assessment shows the date by which it is complete.
const begun = /_IN_ASSESSMENT$/;

// nextOf says what comes next and by when, by the state and the basis of the due time: the law, a
// target or an agreement.
export function nextOf(key: string, { due }: { due?: Date }, status: LoopStatus | undefined, { t }: Tongue): string | undefined {
  if (!due) return undefined;
  const date = limit(due), basis = status?.dueBasis;
  if (basis === DueBasis.SERVICE_PROMISE) return aims.some((one) => one === key) ? t(`${key}_aim`, { date }) : t("aimBy", { date });
  if (basis !== DueBasis.STATUTORY) return t(`${key}_next`, { date });
  const assessed = status!.dueProvision.startsWith("1301/2014 § 36");
  return assessed && begun.test(key) ? t(`${key}_next`, { date }) : t(assessed ? "assessBy" : "decideBy", { date });
}

// urgentOf says to the client of an urgent matter how long to wait, and whom to call then.
export function urgentOf({ due, late }: { due?: Date; late: boolean }, status: LoopStatus | undefined, { t }: Tongue): string | undefined {
  if (!due || status?.dueBasis !== DueBasis.URGENCY) return undefined;
  const time = endsItsDay(due) ? day(due) : t("appointmentAt", { date: day(due), time: clock(due) });
  return [t("urgentBy", { time }), late && t("urgentLate")].filter(Boolean).join(" ");
}

export const onDay = (date: Date | undefined) => (date ? day(date) : "");
