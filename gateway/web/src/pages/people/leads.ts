import { usePerson } from "../../app/session";
import { useColleagues } from "../../ui/colleagues";
import { useDirectory } from "../../ui/party";

// useLeads returns a function that says whether the user is offered what only who leads a unit may do: a team
// leader in the own unit and in one that nobody leads, and whose record of the unit says so. The server
// decides.
export function useLeads() {
  const person = usePerson(), { colleagues } = useColleagues(), { agencies } = useDirectory();
  const intake = agencies.find(({ agency }) => agency === person.agency)?.units.find((one) => one.intake)?.unit;
  const leadersOf = (unit: string) => colleagues.filter((one) => one.leader && one.party?.unit === unit);
  const own = (unit: string) => (person.role === "team_leader" && person.unit === unit)
    || leadersOf(unit).some(({ party }) => party?.worker === person.worker);
  return (unit: string) => own(unit) || (intake !== undefined && own(intake) && leadersOf(unit).length === 0);
}
