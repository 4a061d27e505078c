import { MemberState, type Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useDirectory } from "../../ui/party";
import { valueOf, type Choice } from "./parties";

// useJoinedUnits returns the units that have joined a plan: only they are bound by it.
export function useJoinedUnits(plan: Plan): Choice[] {
  const directory = useDirectory();
  return plan.members.filter(({ state, party }) => party && state === MemberState.JOINED)
    .map(({ party }) => ({
      value: valueOf(party!), ready: party!.unit ? directory.unit(party!.agency, party!.unit) : directory.agency(party!.agency),
    }));
}
