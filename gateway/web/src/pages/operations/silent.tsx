import type { SilentLoop } from "koppi-contract/koppi/operator/v1/operator_pb";
import { LoopPhaseSchema, Urgency, UrgencySchema } from "koppi-contract/koppi/common/v1/party_pb";
import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { distance, limit } from "../../ui/dates";
import { kindOf, nameOf, shortId } from "../../ui/names";
import { useDirectory } from "../../ui/party";
import { Section, Table } from "./section";

// Silent lists the matters that are past due: first urgent ones that nobody has acted on, with the
// phone number to call.
export function Silent({ loops, now, look }: { loops: SilentLoop[]; now: Date; look: (subject: string) => void }) {
  const t = useTexts("operations"), shell = useTexts("shell"), word = useWords(), { agency, dutyPhone } = useDirectory();
  const late = (due: Date) => {
    const away = distance(due, new Date(Math.max(now.getTime(), due.getTime() + 1)));
    return shell(away.key, { count: away.count, date: limit(due) });
  };
  return (
    <Section name="silent" title={t("silent")} note={t("silentNote")} none={loops.length ? undefined : t("noneSilent")}>
      <Table label={t("silent")} head={[t("subject"), t("due"), t("phase"), t("waitingOn"), t("sender"), t("trace")]}>
        {loops.map((loop) => {
          const due = dateOf(loop.dueAt), urgent = loop.urgency !== Urgency.UNSPECIFIED, phone = dutyPhone(loop.waitingOn);
          return (
            <tr key={loop.subject} data-subject={loop.subject} className={urgent ? "late" : undefined}>
              <th scope="row">{word(kindOf(loop.subject))} <span className="quiet">{shortId(loop.subject)}</span>{urgent && (
                <><br /><strong>{word(nameOf(UrgencySchema, loop.urgency))}</strong></>
              )}</th>
              <td className="late">{due && <time dateTime={due.toISOString()} title={limit(due)}>{late(due)}</time>}</td>
              <td>{word(nameOf(LoopPhaseSchema, loop.phase))}</td>
              <td>{agency(loop.waitingOn)}{urgent && <><br />{phone ? (
                <a href={`tel:${phone.replace(/[^+0-9]/g, "")}`}>{t("ring", { phone })}</a>
              ) : <span className="quiet">{t("noPhone")}</span>}</>}</td>
              <td>{agency(loop.sender)}</td>
              <td><button type="button" className="plain" onClick={() => look(loop.subject)}>
                {t("trace")}
                <span className="hidden"> {shortId(loop.subject)}</span>
              </button></td>
            </tr>
          );
        })}
      </Table>
    </Section>
  );
}
