import type { TFunction } from "i18next";

import type { LoopStatus, Party, PlannedContact } from "#gen/koppi/common/v1/party_pb";
import type { Revocation } from "#gen/koppi/common/v1/revocation_pb";
import { dateOf } from "../../app/clock";
import { day, limit } from "../../ui/dates";
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
  // What must happen next, and by when.
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

// nextOf says what must happen by when, in words of the state.
export const nextOf = (key: string, due: Date | undefined, { t }: Tongue) => (due ? t(`${key}_next`, { date: limit(due) }) : undefined);

export const onDay = (date: Date | undefined) => (date ? day(date) : "");
