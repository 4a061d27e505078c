import { useQuery } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";

import { CaseworkService, Queue, type WorkerLoad } from "koppi-contract/koppi/casework/v1/casework_pb";
import { readAgain } from "../../app/queries";
import { readPages, useSoon, useStill } from "../worklist/work";
import { canPass, isAway, isDueIn, leastFirst, urgentFirst } from "./order";

export type Tab = "unassigned" | "repeated";

const keyOf = ({ colleague }: WorkerLoad) => colleague?.party?.worker ?? "";

export interface Loads { loads: WorkerLoad[]; ready: boolean; error: unknown; isLoading: boolean; refresh: () => void }

// useLoads returns the workers of a unit with their load, the least first. The order changes with what the
// user passes on, not by itself: nobody clicks on a worker who has just moved.
export function useLoads(unit: string, today: string): Loads {
  const query = useQuery(CaseworkService.method.getLoad, { unit }, { staleTime: 0 });
  const { data, error, isLoading, refetch } = query, [order, setOrder] = useState<string[]>();
  useSoon(() => { if (data) void readAgain(query); });
  useEffect(() => setOrder(undefined), [unit]);
  useEffect(() => { if (data && !order) setOrder(leastFirst(data.loads, today).map(keyOf)); }, [data, today, order]);
  const place = (load: WorkerLoad) => { const at = order?.indexOf(keyOf(load)) ?? -1; return at < 0 ? Infinity : at; };
  const loads = [...data?.loads ?? []].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
  return { loads, ready: data !== undefined, error, isLoading, refresh: () => void refetch().then(() => setOrder(undefined)) };
}

interface Narrowed { unassignedOnly?: boolean; repeatedUnreachedOnly?: boolean; worker?: string }

const ofUnit = async (unit: string, withNames: boolean, more: Narrowed) =>
  (await readPages({ queue: Queue.UNIT, unit, withNames, ...more })).items.filter(canPass);

// useShared returns what a unit shares out: what no worker holds, and what comes due while its holder is
// away; or what is reported again and again and never reached. It reads no more than that, since each reading
// is recorded, and nothing before the loads are known.
export function useShared(unit: string, tab: Tab, { loads, ready }: Pick<Loads, "loads" | "ready">, today: string, names: boolean) {
  const away = loads.filter(({ colleague }) => isAway(colleague?.absence, today));
  const read = async (withNames: boolean) => {
    if (tab === "repeated") return ofUnit(unit, withNames, { repeatedUnreachedOnly: true });
    const [free, ...held] = await Promise.all([
      ofUnit(unit, withNames, { unassignedOnly: true }),
      ...away.map(async ({ colleague }) => (await ofUnit(unit, withNames, { worker: colleague!.party!.worker }))
        .filter((item) => isDueIn(item, colleague!.absence!, today))),
    ]);
    // A matter that the unit is on call for may be in several of the lists.
    const all = new Map([...held.flat(), ...free!].map((item) => [item.subject, item]));
    return urgentFirst([...all.values()]);
  };
  const key = tab === "repeated" ? [] : away.map(keyOf);
  return useStill(["share", unit, tab, ...key], read, names, ready);
}
