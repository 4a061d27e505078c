import { useQuery as useCall } from "@connectrpc/connect-query";
import { useQuery } from "@tanstack/react-query";

import { CaseworkService, Queue } from "koppi-contract/koppi/casework/v1/casework_pb";
import { dateOf } from "../../app/clock";
import { readAgain } from "../../app/queries";
import { usePerson } from "../../app/session";
import { dayKey } from "../../ui/dates";
import { isOverride } from "../../ui/names";
import { weeksFrom } from "../../ui/weeks";
import { weekendOf } from "../../ui/weekend";
import { isEmergency, urgentFirst } from "../share/order";
import { ended, ourTurn } from "../worklist/groups";
import { readPages, useSoon } from "../worklist/work";

// useWeekend reads what a unit has to do before it closes. This week and next week are those of the roster.
export function useWeekend(unit: string, now: Date) {
  const person = usePerson(), today = dayKey(now), { until } = weekendOf(today), weeks = weeksFrom(today, 2);
  const work = useQuery({
    queryKey: ["work", person.agency, person.worker, "weekend", unit], queryFn: () => readPages({ queue: Queue.UNIT, unit }),
  });
  const roster = useCall(CaseworkService.method.getRoster, { unit, fromWeek: weeks[0]!.week, weeks: weeks.length }, { staleTime: 0 });
  useSoon(() => void readAgain(work));
  const items = work.data?.items.filter((item) => !ended(item)), ours = (items ?? []).filter((item) => ourTurn(item, person));
  const untouched = ours.filter((item) => isEmergency(item) && !item.touched && !isOverride(item.subject));
  const due = urgentFirst(ours.filter((item) => {
    const at = dateOf(item.status?.dueAt);
    return at !== undefined && at < until && !untouched.includes(item);
  }));
  return {
    items, untouched, due, contacts: work.data?.contacts ?? [], roster: roster.data, error: work.error ?? roster.error,
    refresh: () => void work.refetch(),
  };
}
