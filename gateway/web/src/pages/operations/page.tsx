import { useQuery } from "@connectrpc/connect-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { LoadingSpinner } from "suomifi-ui-components";

import { OperatorService } from "koppi-contract/koppi/operator/v1/operator_pb";
import { ParkingService } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import texts from "../../texts/operations.json";
import { moment } from "../../ui/dates";
import { Problem } from "../../ui/problem";
import { OpenMatters } from "./openmatters";
import { Parked } from "./parked";
import { isLagging, Readers } from "./readers";
import { Silent } from "./silent";
import { Trace } from "./trace";
import "./operations.css";

addTexts("operations", texts);

// Operators' data is nobody's matter, and reading it is not recorded: it is refreshed
// automatically.
const every = { refetchInterval: 5000 };

export interface OperationsSearch { trace?: string }

// OperationsPage shows operators what is open, silent, lagging and parked.
export function OperationsPage() {
  const t = useTexts("operations"), shell = useTexts("shell"), { trace } = useSearch({ strict: false }) as OperationsSearch;
  const navigate = useNavigate();
  const { data, error } = useQuery(OperatorService.method.getOverview, {}, every);
  const parked = useQuery(ParkingService.method.listParked, {}, every);
  const showTrace = (subject: string) => void navigate({ to: "/operations", search: { trace: subject }, hash: "trace" });
  const now = dateOf(data?.now);
  useTitle(shell("operations"));
  return (
    <div className="operations">
      <h1>{shell("operations")}</h1>
      <p className="quiet intro">{t("intro")}</p>
      <Problem error={error ?? parked.error} focus={false} />
      {!data && !error && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {data && now && (
        <>
          <p className="quiet">{t("asOf", { moment: moment(now) })}</p>
          <ul className="figures" aria-label={t("tiles")}>
            <Figure name="openTile" count={data.open.reduce((sum, { loops }) => sum + Number(loops), 0)} />
            <Figure name="untouchedTile" count={data.open.reduce((sum, { untouched }) => sum + Number(untouched), 0)} alarming />
            <Figure name="silentTile" count={data.open.reduce((sum, { overdue }) => sum + Number(overdue), 0)} alarming />
            <Figure name="laggingTile" count={data.readers.filter((reader) => isLagging(reader)).length} alarming />
            <Figure name="parkedTile" count={parked.data?.parked.length ?? 0} alarming />
          </ul>
          <Silent matters={data.silent} now={now} showTrace={showTrace} />
          <Parked parked={parked.data?.parked ?? []} changed={() => void parked.refetch()} />
          <Readers readers={data.readers} />
          <OpenMatters open={data.open} />
        </>
      )}
      <Trace subject={trace ?? ""} showTrace={showTrace} />
    </div>
  );
}

function Figure({ name, count, alarming = false }: { name: string; count: number; alarming?: boolean }) {
  const t = useTexts("operations");
  return (
    <li data-figure={name} className={alarming && count > 0 ? "alarming" : undefined}><strong>{count}</strong> {t(name, { count })}</li>
  );
}
