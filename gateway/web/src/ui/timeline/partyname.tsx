import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import { usePerson } from "../../app/session";
import { nameOfColleague, useColleagues } from "../colleagues";
import { usePartyName } from "../party";

// PartyName is a party that an event names. An event has keys alone: a colleague's name is looked up.
export function PartyName({ of }: { of: Party }) {
  const { agency } = usePerson(), party = usePartyName();
  return of.worker && !of.displayName && of.agency === agency ? <Colleague of={of} /> : party(of);
}

function Colleague({ of }: { of: Party }) {
  const { colleagues } = useColleagues(), party = usePartyName();
  const found = colleagues.find((one) => one.party?.worker === of.worker);
  return party({ ...of, displayName: found ? nameOfColleague(found) : "" });
}
