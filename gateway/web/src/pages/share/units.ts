import { usePerson } from "../../app/session";
import { useColleagues } from "../../ui/colleagues";
import { useDirectory } from "../../ui/party";
import { useLeads } from "../people/leads";

// useSharedUnits returns the units whose work the user shares out: those that the user leads, and those where
// the user is on duty this week; the own one first. Of them the user may read some: those of the own area. The
// server decides.
export function useSharedUnits() {
  const { agency, unit: own, worker } = usePerson(), { agencies } = useDirectory(), { colleagues, isLoading } = useColleagues();
  const leads = useLeads(), all = agencies.find((one) => one.agency === agency)?.units ?? [];
  const onDuty = (unit: string) => colleagues.some((one) => one.onDuty && one.party?.worker === worker && one.party.unit === unit);
  // Where the people read all of the agency, no unit has an area.
  const { area = "", reads: others = [] } = all.find(({ unit }) => unit === own) ?? {};
  const reads = (unit: string) => {
    const its = all.find((one) => one.unit === unit)?.area ?? "";
    return its === area || others.includes(its) || onDuty(unit);
  };
  const units = all.map(({ unit }) => unit).filter((unit) => (leads(unit) || onDuty(unit)) && reads(unit));
  return { units: units.sort((a, b) => Number(b === own) - Number(a === own)), reads, loading: isLoading || !all.length };
}
