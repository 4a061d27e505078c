import type { TFunction } from "i18next";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import type { ClientStatus } from "koppi-contract/koppi/common/v1/client_status_pb";
import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { DueBasis, type LoopStatus, type Party, type PlannedContact } from "koppi-contract/koppi/common/v1/party_pb";
import type { Revocation } from "koppi-contract/koppi/common/v1/revocation_pb";
import { dateOf } from "../../app/clock";
import { day, limit } from "../../ui/dates";
import type { Because } from "./because";
import type { Names } from "./names";

// Meeting is an appointment with its place, or a contact that somebody has planned.
export interface Meeting { at: Date; place: string; who?: string }

// Hearing is whether the agency that reported a concern hears how it goes on, since when, and whether
// the client can change that.
export interface Hearing { concernId: string; who: string; since?: string; open: boolean }

// OwnMatter is a matter as its client sees it: short sentences, no codes.
export interface OwnMatter {
  subject: string;
  // Matters of one case are one situation.
  caseId: string;
  title: string;
  // The state, shown first among the details.
  summary: string;
  // What that means, and why.
  means: string[];
  // Further notes: how it began.
  notes: string[];
  // What the client can expect next, and whom to call. It alone says what comes next.
  status?: ClientStatus;
  // The worker who is responsible, if the client may be told whom to call by name.
  contact?: ContactPoint;
  // The due time follows from the urgency of the matter.
  urgent: boolean;
  // The assessment has been started, and awaits its end.
  begun: boolean;
  // What the law requires by a certain day.
  law?: string;
  // Who is responsible now, and whom the client can ask.
  responsible?: Party;
  // What is ahead.
  appointments: Meeting[];
  // What was sent about the client: topics and text.
  said?: { topics: string[]; text: string };
  hearing?: Hearing;
  began: Date;
  ended?: Date;
  // Entered in error: by whom, and how far the removal has come.
  mistake?: { sender: Party | undefined; revocation: Revocation | undefined };
}

export interface Tongue {
  t: TFunction; word: (name: string) => string; names: Names; because: Because; now: Date;
  // The name of a language, and of kinds of documents.
  tongue: (tag: string) => string;
  papers: (keys: string[]) => string;
}

const endings = /_(CLOSED|COMPLETED|WITHDRAWN|CANCELLED|REDIRECTED|ENDED|ENTERED_IN_ERROR)$/;
const mistakes = /_ENTERED_IN_ERROR$/;

// Read is what all four kinds of matters have in common.
interface Read {
  caseId: string; status?: LoopStatus; clientStatus?: ClientStatus; revocation?: Revocation; plannedContacts?: PlannedContact[];
}
interface Matter { subject: string; state: string; read: Read; sender?: Party; began?: Date }

// frameOf returns what every matter shows: what is expected, who is responsible, whether it has ended
// or was entered in error.
export function frameOf({ subject, state, read, sender, began }: Matter, tongue: Tongue): Omit<OwnMatter, "title" | "summary"> {
  const over = endings.test(state), { status } = read;
  return {
    subject, caseId: read.caseId, means: [], notes: [], began: began ?? new Date(0), status: read.clientStatus,
    urgent: !over && status?.dueBasis === DueBasis.URGENCY, begun: begun.test(state), law: over ? undefined : lawOf(state, status, tongue),
    appointments: over ? [] : plannedOf(read.plannedContacts, tongue), responsible: over ? undefined : status?.responsible,
    ended: over ? dateOf(status?.since) : undefined, mistake: mistakes.test(state) ? { sender, revocation: read.revocation } : undefined,
  };
}

const plannedOf = (planned: PlannedContact[] = [], { names, now }: Tongue): Meeting[] =>
  planned.map(({ at, by }) => ({ at: dateOf(at)!, place: "", who: [by?.displayName, names.unitOf(by)].filter(Boolean).join(", ") }))
    .filter(({ at }) => at > now);

// aheadOf are the appointments to come.
export const aheadOf = (appointments: { at?: Timestamp; place: string; result: number }[], now: Date): Meeting[] =>
  appointments.flatMap(({ at, place, result }) => {
    const time = dateOf(at);
    return time && !result && time >= now ? [{ at: time, place }] : [];
  });

// interpreted says into which language is interpreted for the client.
export const interpreted = (tag: string, { t, tongue }: Tongue) => (tag ? [t("interpreter", { language: tongue(tag) })] : []);

const begun = /_IN_ASSESSMENT$/;

// lawOf says what must be done by the day that the law sets.
function lawOf(state: string, status: LoopStatus | undefined, { t }: Tongue): string | undefined {
  const due = dateOf(status?.dueAt);
  if (!due || status!.dueBasis !== DueBasis.STATUTORY) return undefined;
  const date = limit(due);
  if (!status!.dueProvision.startsWith("1301/2014 § 36")) return t("decideBy", { date });
  return begun.test(state) ? t("assessedBy", { date }) : t("assessBy", { date });
}

export const onDay = (date: Date | undefined) => (date ? day(date) : "");
