import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import {
  CaseworkService, Queue, type ListWorkRequestSchema, type ListWorkResponse, type WorkItem,
} from "koppi-contract/koppi/casework/v1/casework_pb";
import { dateOf } from "../../app/clock";
import { useChanges } from "../../app/live";
import { queries, readAgain } from "../../app/queries";
import { usePerson } from "../../app/session";
import { transport } from "../../app/transport";
import { kindOf } from "../../ui/names";
import { ended } from "./groups";

export const lists = ["work", "sent", "consultations", "plans"] as const;
export type ListName = (typeof lists)[number];
export type QueueName = "me" | "unit" | "agency";

const queues: Record<QueueName, Queue> = { me: Queue.ME, unit: Queue.UNIT, agency: Queue.AGENCY };
const pageSize = 1000;

type Pages = Pick<ListWorkResponse, "items" | "contacts">;
type Asked = Exclude<MessageInitShape<typeof ListWorkRequestSchema>, { $typeName: string }>;

// readPages reads all pages of a list.
export async function readPages(list: Asked): Promise<Pages> {
  const casework = createClient(CaseworkService, transport), all: Pages = { items: [], contacts: [] };
  for (let pageToken = ""; ;) {
    const page = await casework.listWork({ ...list, pageSize, pageToken });
    all.items.push(...page.items);
    all.contacts.push(...page.contacts);
    if (!page.nextPageToken) return all;
    pageToken = page.nextPageToken;
  }
}

const readAll = async (queue: QueueName, sent: boolean, withNames: boolean) =>
  (await readPages({ queue: queues[queue], sent, includeEnded: sent, withNames })).items;

const startedAt = (item: WorkItem) => dateOf(item.startedAt)?.getTime() ?? 0;

// Open matters first, in the server's order by due time; then ended ones, the latest first.
const inOrder = (items: WorkItem[]) =>
  [...items.filter((item) => !ended(item)), ...items.filter(ended).sort((a, b) => startedAt(b) - startedAt(a))];

async function read(list: ListName, queue: QueueName, names: boolean): Promise<WorkItem[]> {
  if (list === "work") return readAll(queue, false, names);
  if (list === "sent") return inOrder(await readAll(queue, true, names));
  const both = (await Promise.all([readAll(queue, false, names), readAll(queue, true, names)])).flat()
    .filter(({ subject }) => kindOf(subject) === list);
  return inOrder([...new Map(both.map((item) => [item.subject, item])).values()]);
}

// Work is a list that does not move while it is read: new matters wait to be shown.
export interface Work {
  items: WorkItem[];
  fresh: number;
  show: () => void;
  // refresh reads the list again, and shows all of it.
  refresh: () => Promise<void>;
  loading: boolean;
  error: unknown;
}

// useWork reads a list; with names also who the clients are, which is recorded.
export const useWork = (list: ListName, queue: QueueName, names: boolean) =>
  useStill([list, queue], (withNames) => read(list, queue, withNames), names);

// useStill reads the list of a key, and keeps it still. It is read once it is enabled.
export function useStill(of: string[], readList: (names: boolean) => Promise<WorkItem[]>, names: boolean, enabled = true): Work {
  const person = usePerson(), keyOf = (named: boolean) => ["work", person.agency, person.worker, ...of, named];
  // Names are kept no longer than they are shown.
  const query = useQuery({ queryKey: keyOf(names), queryFn: () => readList(names), gcTime: names ? 0 : undefined, enabled });
  const { error, refetch } = query;
  // Until there are names, and where they are refused, the list stays as it was.
  const data = query.data ?? (names ? queries.getQueryData<WorkItem[]>(keyOf(false)) : undefined);
  useSoon(() => { if (enabled) void readAgain(query); });
  const [shown, setShown] = useState<string[]>();
  const key = of.join(" ");
  useEffect(() => setShown(undefined), [key]);
  useEffect(() => { if (data && !shown) setShown(data.map(({ subject }) => subject)); }, [data, shown]);
  const bySubject = new Map((data ?? []).map((item) => [item.subject, item]));
  const items = (shown ?? []).flatMap((subject) => bySubject.get(subject) ?? []);
  const show = () => setShown(undefined);
  const fresh = bySubject.size - items.length, loading = query.isPending && !data;
  return { items, fresh, show, refresh: () => refetch().then(show), loading, error };
}

// Each refresh reads all matters of a list, and each reading is recorded: under frequent changes a
// page reads at most this often, and combines waiting changes.
const together = 150, apart = 3_000;

// useSoon acts soon after a change.
export function useSoon(act: () => void) {
  const [soon] = useState<{ due?: ReturnType<typeof setTimeout>; last: number; act: () => void }>({ last: -apart, act });
  // The page may show another list by the time that it reads.
  useEffect(() => { soon.act = act; });
  useEffect(() => () => { clearTimeout(soon.due); soon.due = undefined; }, [soon]);
  useChanges(() => {
    if (soon.due) return;
    soon.due = setTimeout(() => {
      soon.due = undefined;
      soon.last = performance.now();
      soon.act();
    }, Math.max(together, soon.last + apart - performance.now()));
  });
}
