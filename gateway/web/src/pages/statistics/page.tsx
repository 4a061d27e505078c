import { useQuery } from "@connectrpc/connect-query";
import { skipToken } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { LoadingSpinner } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useClock } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import texts from "../../texts/statistics.json";
import { dayKey } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { all, Choice, type StatisticsSearch } from "./choice";
import { Pictures } from "./pictures";
import { isMonth, monthAfter, rowOf, wrongIn } from "./sums";
import "./statistics.css";

addTexts("statistics", texts);

// A month's counts are computed an hour after it ended.
const settled = 3_600_000;
// The default choice.
const usual = 6;

// StatisticsPage shows what was sent and its outcomes, in whole months.
export function StatisticsPage() {
  const t = useTexts("statistics"), shell = useTexts("shell"), person = usePerson(), now = useClock();
  useTitle(shell("statistics"));
  return (
    <div className="statistics">
      <h1>{shell("statistics")}</h1>
      <p className="quiet intro">{t(person.role === "operator" ? "introAll" : "introOwn")}</p>
      {now ? <Months last={monthAfter(dayKey(new Date(now.getTime() - settled)).slice(0, 7), -1)}
        own={person.role === "operator" ? undefined : person.agency} /> : <Loading />}
    </div>
  );
}

// Months reads the chosen months; the latest possible is the last one that has ended.
function Months({ last, own }: { last: string; own?: string }) {
  const navigate = useNavigate(), search = useSearch({ strict: false }) as StatisticsSearch;
  const { to = last, from = isMonth(to) ? monthAfter(to, 1 - usual) : "", service = all } = search;
  const wrong = wrongIn(from, to, last);
  const { data, error, isLoading } = useQuery(CaseworkService.method.getStatistics, wrong ? skipToken : { fromMonth: from, toMonth: to });
  // Changing the last month keeps the first one, even if it is the default.
  const change = (changed: StatisticsSearch) => void navigate({ to: ".", search: { from, to, service, ...changed }, replace: true });
  return (
    <>
      <Choice {...{ from, to, service, last, wrong, change }} />
      <Problem error={error} focus={false} />
      {isLoading && <Loading />}
      {data && !wrong && <Pictures rows={data.counts.map(rowOf)} from={from} to={to} service={service} own={own} />}
    </>
  );
}

function Loading() {
  const shell = useTexts("shell");
  return <LoadingSpinner status="loading" variant="small" text={shell("loading")} />;
}
