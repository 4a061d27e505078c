import { useQuery } from "@connectrpc/connect-query";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { Person } from "../app/session";
import { useDirectory } from "./party";

// No change of people is announced: what is older than this is read again when a page is opened.
const fresh = 300_000;

const useUnit = (unit: string | undefined, enabled: boolean) => useQuery(
  CaseworkService.method.listColleagues, { unit: unit ?? "" }, { enabled: enabled && Boolean(unit), staleTime: fresh, retry: false },
).data?.colleagues;

// useOwnUnit reports whether the user leads the own unit, or is on duty in it this week. It reads the people of
// that unit alone, and of the intake unit where the own one has no leader. The server decides.
export function useOwnUnit({ agency, unit, worker, role }: Person): { leads: boolean; onDuty: boolean } {
  const { agencies } = useDirectory(), own = useUnit(unit, Boolean(worker));
  const led = role === "team_leader" || (own?.some(({ leader }) => leader) ?? true);
  const intake = agencies.find((one) => one.agency === agency)?.units.find((one) => one.intake)?.unit;
  const receiving = useUnit(intake, Boolean(worker) && intake !== unit && !led);
  const isLeader = (people = own) => people?.some(({ leader, party }) => leader && party?.worker === worker) ?? false;
  return {
    leads: role === "team_leader" || isLeader() || (!led && isLeader(receiving ?? [])),
    onDuty: own?.some(({ onDuty, party }) => onDuty && party?.worker === worker) ?? false,
  };
}
