import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService, type OnCall } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useNow } from "../app/clock";
import { dayKey } from "./dates";
import type { ReceiverValue } from "./form/fields";
import { timeOf } from "./hours";
import { useDirectory } from "./party";
import { isDayOff } from "./workingdays";

// isWorkingDay reports whether a day, given as YYYY-MM-DD, is one of the services' working days.
const isWorkingDay = (key: string) => new Date(key).getUTCDay() % 6 !== 0 && !isDayOff(key);

// covers reports whether a unit is on call at a time, as the services do (pkg/directory/oncall.go).
export function covers(onCall: OnCall | undefined, now: Date) {
  const time = timeOf(now), hours = isWorkingDay(dayKey(now)) ? onCall?.workingDays : onCall?.otherDays;
  return (hours ?? []).some((part) => {
    const [begins = "", ends = ""] = part.split("-");
    return begins <= time && time < ends;
  });
}

// What the directory chooses a unit by, where the sender names the agency alone.
export interface Sought { municipality?: string; service?: string; language?: string }

// useReceiving returns who receives what is addressed to a party: its unit, or the unit that the directory
// chooses; the unit of its kind that is on call now, to which an emergency goes; and whether any unit of that
// kind ever is on call. It is undefined until that is known.
export function useReceiving(party: ReceiverValue | undefined, { municipality = "", service = "", language = "" }: Sought) {
  const now = useNow(), agency = useDirectory().agencies.find((one) => one.agency === party?.agency);
  const asks = Boolean(party?.agency && !party.unit && (municipality || service));
  const { data, isPending } = useQuery(
    CaseworkService.method.findUnits, { agency: party?.agency, municipality, serviceKey: service, language }, { enabled: asks },
  );
  if (!agency || asks && isPending) return undefined;
  const key = party!.unit || data?.routes[0]?.party?.unit;
  const unit = key ? agency.units.find((one) => one.unit === key) : agency.units.find(({ intake }) => intake);
  const alike = agency.units.filter(({ kind, onCall }) => onCall && kind === (unit?.kind ?? agency.kind));
  return { agency, unit, onCall: alike.find(({ onCall }) => covers(onCall, now)), everOnCall: alike.length > 0 };
}
