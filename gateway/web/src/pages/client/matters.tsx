import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "suomifi-ui-components";

import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { useChanges } from "../../app/live";
import { day } from "../../ui/dates";
import { DueMark, PhaseMark, UrgencyMark } from "../../ui/marks";
import { idOf, kindOf } from "../../ui/names";
import { Problem } from "../../ui/problem";
import { readMatters, whoIs, type Matter, type Sought } from "./read";

export const beginnings = ["concern", "referral", "consultation", "plan"] as const;

// Matters are the client's in all services, as far as the reader's agency is party to them.
export function Matters({ sought }: { sought: Sought }) {
  const t = useTexts("client"), shell = useTexts("shell");
  const { data, error, refetch } = useQuery({ queryKey: ["client", "matters", sought.clientId, sought.purpose], queryFn: () => readMatters(sought) });
  useChanges((change) => { if (change !== "missed" && data?.some(({ subject }) => subject === change.subject)) void refetch(); });
  return (
    <section aria-labelledby="client-matters">
      <Who matter={data?.[0]} />
      <h2 id="client-matters">{t("matters")}</h2>
      <Problem error={error} />
      {!data && !error && <p className="quiet">{shell("loading")}</p>}
      {data?.length === 0 && <p className="quiet">{t("noMatters")}</p>}
      <ul className="client-matters">{data?.map((matter) => <li key={matter.subject}><MatterRow matter={matter} /></li>)}</ul>
      {data?.[0] && <div className="buttons">{beginnings.map((what) => <Link key={what} to="/new/$what" params={{ what }} search={{ from: data[0]!.subject }} className="button" data-begin={what}>{t(`begin_${what}`)}</Link>)}</div>}
    </section>
  );
}

function MatterRow({ matter }: { matter: Matter }) {
  const t = useTexts("client"), word = useWords(), kind = kindOf(matter.subject), started = dateOf(matter.startedAt);
  return (
    <Link to={`/${matter.list}/$kind/$id`} params={{ kind, id: idOf(matter.subject) }} search={{}} className="client-matter" data-subject={matter.subject}>
      <span><strong>{word(kind)}</strong>{matter.about.length > 0 && <> · {matter.about.map(word).join(", ")}</>}</span>
      <span className="marks"><span className="quiet">{started && t(matter.list === "sent" ? "sentOn" : "came", { day: day(started) })}</span><PhaseMark status={matter.status} /><DueMark status={matter.status} /><UrgencyMark urgency={matter.urgency} /></span>
    </Link>
  );
}

// Who tells who the client is, only to whoever asks.
function Who({ matter }: { matter?: Matter }) {
  const t = useTexts("client"), { data, error, mutate, isPending } = useMutation({ mutationFn: whoIs }), details = data?.details;
  if (!matter) return null;
  return (
    <div className="who-is" role="status">
      <Problem error={error} />
      {!data && <><Button variant="secondary" disabled={isPending} onClick={() => mutate(matter.subject)} data-who>{t("showWho")}</Button> <span className="quiet">{t("showWhoHint")}</span></>}
      {data && (
        <dl>
          <dt>{t("name")}</dt><dd>{[details?.givenNames, details?.familyName].filter(Boolean).join(" ") || t("notKnown")}</dd>
          <dt>{t("code")}</dt><dd>{data.personalIdentityCode || t("notKnown")}</dd>
          <dt>{t("phone")}</dt><dd>{details?.nonDisclosure && !details.phones.length ? t("nonDisclosure") : details?.phones.join(", ") || t("notKnown")}</dd>
          <dt>{t("language")}</dt><dd>{data.language || t("notKnown")}</dd>
        </dl>
      )}
    </div>
  );
}
