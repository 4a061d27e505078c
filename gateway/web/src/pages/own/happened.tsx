import { useQuery } from "@connectrpc/connect-query";
import { useTranslation } from "react-i18next";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { binaryTransport } from "../../app/transport";
import { moment } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { eventKey } from "../../ui/timeline/eventkey";
import { useNames } from "./names";
import { useAgain } from "./reading";

// Course is the timeline of some matters. The first one that is opened reads the timelines of all
// matters at once: one recorded reading.
export function Course({ subjects }: { subjects: string[] }) {
  const { t, i18n } = useTranslation("own"), shell = useTexts("shell"), names = useNames();
  const { data, error, dataUpdatedAt, refetch } =
    useQuery(CaseworkService.method.getTimeline, { pageSize: 1000 }, { transport: binaryTransport });
  useAgain(dataUpdatedAt, () => void refetch());
  if (error) return <Problem error={error} />;
  if (!data) return <p className="quiet">{shell("loading")}</p>;
  const steps = data.messages.filter(({ subject }) => subjects.includes(subject)).flatMap(({ messageId, occurredAt, from, event }) => {
    const key = eventKey(event?.typeUrl ?? ""), at = dateOf(occurredAt);
    // An event without a text here is not shown: how reports were joined, and what a later version
    // of the contract adds.
    return i18n.exists(`own:${key}`) && at ? [{ messageId, at, who: names.unitOf(from) || t("log_koppi"), key }] : [];
  });
  return (
    <ol className="course-of">
      {steps.map(({ messageId, at, who, key }) => (
        <li key={messageId}><time dateTime={at.toISOString()}>{moment(at)}</time><strong>{who}</strong><span>{t(key)}</span></li>
      ))}
    </ol>
  );
}
