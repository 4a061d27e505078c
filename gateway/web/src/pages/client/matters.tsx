import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useContext } from "react";

import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { useChanges } from "../../app/live";
import { readAgain } from "../../app/queries";
import { day } from "../../ui/dates";
import { Marks, PhaseMark } from "../../ui/marks";
import { idOf, kindOf } from "../../ui/names";
import { Problem } from "../../ui/problem";
import { Who } from "../../ui/who";
import { readMatters, whoIs, type Matter, type Sought } from "./read";
import { ReadOnly } from "./step";

export const beginnings = ["concern", "referral", "consultation", "plan"] as const;

// Matters lists the client's matters in all services, as far as the reader's agency is a party.
export function Matters({ sought }: { sought: Sought }) {
  const t = useTexts("client"), shell = useTexts("shell"), readOnly = useContext(ReadOnly);
  const query =
    useQuery({ queryKey: ["client", "matters", sought.clientId, sought.purpose], queryFn: () => readMatters(sought) });
  const { data, error, isPending } = query;
  useChanges((change) => {
    if (change !== "missed" && (isPending || data?.some(({ subject }) => subject === change.subject))) void readAgain(query);
  });
  return (
    <section aria-labelledby="client-matters">
      {data?.[0] && <Who read={() => whoIs(data[0]!.subject)} />}
      <h2 id="client-matters">{t("matters")}</h2>
      <Problem error={error} />
      {!data && !error && <p className="quiet">{shell("loading")}</p>}
      {data?.length === 0 && <p className="quiet">{t("noMatters")}</p>}
      <ul className="client-matters">{data?.map((matter) => <li key={matter.subject}><MatterRow matter={matter} /></li>)}</ul>
      {data?.[0] && !readOnly && <div className="buttons">{beginnings.map((what) => <Link key={what} to="/new/$what" params={{ what }}
        search={{ from: data[0]!.subject }} className="button" data-begin={what}>{t(`begin_${what}`)}</Link>)}</div>}
    </section>
  );
}

function MatterRow({ matter }: { matter: Matter }) {
  const t = useTexts("client"), word = useWords(), kind = kindOf(matter.subject), started = dateOf(matter.startedAt);
  return (
    <Link to={`/${matter.list}/$kind/$id`} params={{ kind, id: idOf(matter.subject) }} search={{}} className="client-matter"
      data-subject={matter.subject}>
      <span><strong>{word(kind)}</strong>{matter.about.length > 0 && <> · {matter.about.map(word).join(", ")}</>}</span>
      <span className="marks">
        <span className="quiet">{started && t(matter.list === "sent" ? "sentOn" : "came", { day: day(started) })}</span>
        <PhaseMark status={matter.status} received={matter.list !== "sent"} />
        <Marks status={matter.status} urgency={matter.urgency} />
      </span>
    </Link>
  );
}
