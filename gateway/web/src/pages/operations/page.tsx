import { useQuery } from "@connectrpc/connect-query";
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { LoadingSpinner } from "suomifi-ui-components";

import { OperatorService } from "koppi-contract/koppi/operator/v1/operator_pb";
import { ParkingService } from "koppi-contract/koppi/exchange/v1/exchange_pb";
import { dateOf } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import texts from "../../texts/operations.json";
import { limit } from "../../ui/dates";
import { useDirectory } from "../../ui/party";
import { Problem } from "../../ui/problem";
import { OpenMatters } from "./openmatters";
import { partnersOf } from "./partners";
import { Partners } from "./partnerlist";
import type { Fold } from "./section";
import { Silent } from "./silent";
import { Tiles } from "./tiles";
import { Trace } from "./trace";
import { Unreviewed } from "./unreviewed";
import "./operations.css";

addTexts("operations", texts);

// Operators' data is nobody's matter, and reading it is not recorded: it is refreshed
// automatically.
const every = { refetchInterval: 5000 };

export interface OperationsSearch { trace?: string }

// useFolds says which sections are open, and opens one and moves the focus to it.
function useFolds() {
  const { hash } = useLocation(), [opened, setOpened] = useState<Record<string, boolean>>({ [hash.replace("operations-", "")]: true });
  const [target, setTarget] = useState<{ section: string }>();
  useEffect(() => {
    const section = target && document.getElementById(`operations-${target.section}`);
    (section?.querySelector<HTMLElement>("button[aria-expanded]") ?? section)?.focus();
  }, [target]);
  const change = (section: string, open: boolean) => setOpened((before) => ({ ...before, [section]: open }));
  return {
    fold: (section: string, byDefault = false): Fold => ({
      open: opened[section] ?? byDefault, change: (open) => change(section, open),
    }),
    show: (section: string) => { change(section, true); setTarget({ section }); },
  };
}

// OperationsPage shows operators which systems take their messages, and what is overdue and open.
export function OperationsPage() {
  const t = useTexts("operations"), shell = useTexts("shell"), { trace } = useSearch({ strict: false }) as OperationsSearch;
  const navigate = useNavigate(), { fold, show } = useFolds(), { agency } = useDirectory();
  const { data, error, refetch } = useQuery(OperatorService.method.getOverview, {}, every);
  const parked = useQuery(ParkingService.method.listParked, {}, every);
  const showTrace = (subject: string) => {
    void navigate({ to: "/operations", search: { trace: subject }, hash: "operations-trace" });
    show("trace");
  };
  const now = dateOf(data?.now), held = parked.data?.parked ?? [], partners = data ? partnersOf(data, held) : [];
  const sum = (of: "loops" | "untouched" | "overdue") => data?.open.reduce((total, row) => total + Number(row[of]), 0) ?? 0;
  const untouched = sum("untouched");
  useTitle(shell("operations"));
  return (
    <div className="operations">
      <div className="operations-head">
        <h1>{shell("operations")}</h1>
        {now && <p className="quiet">{t("asOf", { moment: limit(now) })}</p>}
      </div>
      <Problem error={error ?? parked.error} focus={false} />
      {!data && !error && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {data && now && (
        <>
          <Tiles show={show} tiles={[
            { name: "failingTile", section: "partners", alarming: true, count: partners.filter(({ state }) => state === "failing").length },
            { name: "parkedTile", section: "partners", alarming: true, count: held.length },
            { name: "laggingTile", section: "partners", alarming: true, count: partners.filter(({ state }) => state === "lagging").length },
            { name: "untouchedTile", section: "silent", alarming: true, count: untouched },
            { name: "silentTile", section: "silent", alarming: true, count: sum("overdue") },
            { name: "openTile", section: "open", count: sum("loops") },
          ]} />
          <Partners partners={partners} overview={data} changed={() => { void refetch(); void parked.refetch(); }} />
          <Silent matters={data.silent} now={now} showTrace={showTrace} fold={fold("silent", untouched > 0)} />
          <OpenMatters open={data.open} fold={fold("open")} />
          <Unreviewed grounds={data.unreviewedGrounds} fold={fold("unreviewed")} />
          {data.agencyWide.length > 0 && (
            <p className="agency-wide">{t("agencyWide", { agencies: data.agencyWide.map(agency).join(", ") })}</p>
          )}
        </>
      )}
      <Trace subject={trace ?? ""} showTrace={showTrace} fold={fold("trace", Boolean(trace))} />
    </div>
  );
}
