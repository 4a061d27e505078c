import { ClientExpectation, ClientExpectationSchema } from "koppi-contract/koppi/common/v1/client_status_pb";
import { dateOf } from "../../app/clock";
import { limit } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import type { Meeting, OwnMatter, Tongue } from "./ownmatter";

// The values that say that somebody has yet to contact the client, so that an urgent matter may say
// when not to wait any longer.
const unheard = [ClientExpectation.OPENING, ClientExpectation.CONTACT];

// expectationOf is the one sentence on what a client can expect of a matter.
export function expectationOf({ status, summary, appointments, begun }: OwnMatter, { t }: Pick<Tongue, "t">): string {
  // A later version of the contract may have a value that this one does not know.
  if (!status?.expect || !(status.expect in ClientExpectation)) return summary;
  const { expect, late } = status, by = dateOf(status.by), name = nameOf(ClientExpectationSchema, expect);
  if (!by) return t(name);
  const date = limit(by);
  if (late) return t(`${name}_late`, { date });
  if (expect === ClientExpectation.APPOINTMENT && !appointments.some(({ at, who }) => !who && at.getTime() === by.getTime())) {
    return t("contact_agreed");
  }
  return begun && expect === ClientExpectation.ASSESSMENT ? t("assessed_by", { date }) : t(`${name}_by`, { date });
}

// urgentOf says to the client of an urgent matter how long to wait, and whom to call then; only if
// somebody has yet to contact the client.
export function urgentOf({ urgent, status }: OwnMatter, { t }: Pick<Tongue, "t">): string | undefined {
  const by = dateOf(status?.by);
  if (!urgent || !by || !unheard.includes(status!.expect)) return undefined;
  return status!.late ? t("urgentLate") : t("urgentBy", { time: limit(by) });
}

export interface Situation {
  key: string;
  // The matter that says what happens now.
  lead: OwnMatter;
  // All matters of the situation, the leading one first.
  matters: OwnMatter[];
  // The next meeting or agreed contact.
  meeting?: Meeting;
}

const later = Number.MAX_SAFE_INTEGER;
const rank = ({ status, ended }: OwnMatter) => (ended || !status?.expect ? later : status.expect);
const timeOf = ({ status }: OwnMatter) => dateOf(status?.by)?.getTime() ?? later;

// Of the matters of one situation the urgent one leads, then the first in the order of the enum,
// then the earliest.
const leads = (a: OwnMatter, b: OwnMatter) =>
  Number(b.urgent) - Number(a.urgent) || rank(a) - rank(b) || timeOf(a) - timeOf(b) || b.began.getTime() - a.began.getTime();

// Of the situations an urgent one comes first, then one with an appointment, since it passes.
const comes = ({ lead: a }: Situation, { lead: b }: Situation) => {
  const meets = ({ status }: OwnMatter) => Number(status?.expect === ClientExpectation.APPOINTMENT);
  return Number(b.urgent) - Number(a.urgent) || meets(b) - meets(a) || leads(a, b);
};

// situationsOf groups matters by their case, the most pressing situation first. Matters that were
// entered in error, and cases of which all has ended, are no situations.
export function situationsOf(matters: OwnMatter[], now: Date): Situation[] {
  const cases = new Map<string, OwnMatter[]>();
  for (const matter of matters.filter(({ mistake }) => !mistake)) {
    const key = matter.caseId || matter.subject;
    cases.set(key, [...(cases.get(key) ?? []), matter]);
  }
  return [...cases].filter(([, its]) => its.some(({ ended }) => !ended)).map(([key, its]) => {
    const sorted = its.sort((a, b) => Number(Boolean(a.ended)) - Number(Boolean(b.ended)) || leads(a, b));
    const ahead = sorted.flatMap(({ ended, appointments }) => (ended ? [] : appointments)).filter(({ at }) => at > now)
      .sort((a, b) => a.at.getTime() - b.at.getTime());
    return { key, lead: sorted[0]!, matters: sorted, meeting: ahead[0] };
  }).sort(comes);
}
