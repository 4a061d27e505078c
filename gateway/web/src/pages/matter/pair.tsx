import type { Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { ColleaguePicker } from "../../ui/colleaguepicker";
import { useColleagues } from "../../ui/colleagues";
import type { Drawn, ReceiverValue } from "../../ui/form/fields";
import { usePartyName } from "../../ui/party";
import type { Step } from "./actions";
import { partyOf, type Setting } from "./steps";

// secondWorker makes a colleague work on a concern beside its holder, or ends the pair.
export const secondWorker = ({ own }: Setting): Step<Concern> => ({
  called: ({ secondWorker: second }) => (second ? "changePair" : undefined),
  fields: (concern) => [
    { kind: "drawn", name: "worker", label: "secondWorker", required: true, draw: (drawn) => <Second {...drawn} concern={concern} /> },
  ],
  initial: ({ secondWorker: second }) => (second ? { worker: { agency: own, unit: second.unit, worker: second.worker } } : {}),
  make: (values) => ({ worker: (values.worker as ReceiverValue | undefined)?.worker ? partyOf(values, "worker") : undefined }),
  rare: true,
});

function Second({ id, value, change, wrong, concern: { status, secondWorker: second } }: Drawn & { concern: Concern }) {
  const t = useTexts("matter"), { agency, unit } = usePerson(), { colleagues } = useColleagues(), party = usePartyName();
  const holder = status?.responsible, chosen = value as ReceiverValue | undefined;
  const unitOf = (worker: string) => {
    const units = colleagues.flatMap((one) => (one.party?.worker === worker ? [one.party.unit] : []));
    return units.find((one) => one === holder?.unit) ?? units[0] ?? unit;
  };
  return <ColleaguePicker id={id} label={t("secondWorker")} hint={t("secondWorkerHint", { who: party(holder) })} wrong={wrong}
    unit={holder?.unit ?? unit} without={[holder?.worker ?? ""]} value={chosen?.worker ?? ""} nobody={second && t("pairEnds")}
    change={(worker) => change({ agency, unit: worker && unitOf(worker), worker })} />;
}
