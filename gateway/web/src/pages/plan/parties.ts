import type { Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { text, type Values } from "../../ui/form/fields";

// Choice is a unit in a form.
export interface Choice { value: string; ready: string }

// Conversion between a party and a form's value.
export const valueOf = (party: Pick<Party, "agency" | "unit">) => `${party.agency}/${party.unit}`;
export const partyOf = (values: Values) => {
  const [agency = "", unit = ""] = text(values, "unit").split("/");
  return { agency, unit, worker: text(values, "worker") };
};

// namedIn returns the workers of a unit whom the plan names: of another agency, no others are known.
export function namedIn(plan: Plan, unit: string): Party[] {
  const { responsible, responsibilityOfferedTo, socialWorker, createdBy, goals, actions, plannedContacts } = plan;
  const all = [
    responsible, responsibilityOfferedTo, socialWorker, createdBy, ...actions.map(({ owner }) => owner),
    ...goals.flatMap(({ assessments }) => assessments.map(({ by }) => by)), ...plannedContacts.map(({ by }) => by),
  ].filter((one) => one !== undefined && one.worker !== "" && valueOf(one) === unit);
  return [...new Map(all.map((one) => [one!.worker, one!])).values()];
}
