import type { SilentLoop } from "koppi-contract/koppi/operator/v1/operator_pb";
import { LoopPhaseSchema, Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { distance, limit } from "../../ui/dates";
import { kindOf, nameOf, shortId } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { telephone } from "../../ui/phone";
import { Section, Table, type Fold } from "./section";

interface Props { matters: SilentLoop[]; now: Date; showTrace: (subject: string) => void; fold: Fold }

// Silent lists the matters that are past due: first urgent ones that nobody has acted on, with the
// phone number to call.
export function Silent({ matters, now, showTrace, fold }: Props) {
  const t = useTexts("operations"), shell = useTexts("shell"), word = useWords(), { agency, dutyPhone } = useDirectory();
  const late = (due: Date) => {
    const away = distance(due, new Date(Math.max(now.getTime(), due.getTime() + 1)));
    return shell(away.key, { count: away.count, date: limit(due) });
  };
  return (
    <Section name="silent" title={t("silent")} count={matters.length} fold={fold} note={t("silentNote")}
      none={matters.length ? undefined : t("noneSilent")}>
      <Table label={t("silent")} head={[t("subject"), t("due"), t("phase"), t("waitingOn"), t("sender"), t("trace")]}>
        {matters.map((matter) => {
          const due = dateOf(matter.dueAt), urgent = matter.urgency !== Urgency.UNSPECIFIED, phone = dutyPhone(matter.waitingOn);
          return (
            <tr key={matter.subject} data-subject={matter.subject} className={urgent ? "late" : undefined}>
              <th scope="row">{word(kindOf(matter.subject))} <span className="quiet">{shortId(matter.subject)}</span>{urgent && (
                <><br /><strong>{word(nameOf(UrgencySchema, matter.urgency))}</strong></>
              )}</th>
              <td className="late">{due && <time dateTime={due.toISOString()} title={limit(due)}>{late(due)}</time>}</td>
              <td>{word(nameOf(LoopPhaseSchema, matter.phase))}</td>
              <td>{agency(matter.waitingOn)}{urgent && <><br />{phone ? (
                <a href={telephone(phone)}>{t("ring", { phone })}</a>
              ) : <span className="quiet">{t("noPhone")}</span>}</>}</td>
              <td>{agency(matter.sender)}</td>
              <td><button type="button" className="plain" onClick={() => showTrace(matter.subject)}>
                {t("trace")}
                <span className="hidden"> {shortId(matter.subject)}</span>
              </button></td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
