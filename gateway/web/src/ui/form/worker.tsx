import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { ColleaguePicker } from "../colleaguepicker";
import { useColleagues } from "../colleagues";

interface Props { id: string; agency: string; unit: string; value: string; change: (worker: string | undefined, unit: string) => void }

// WorkerInput chooses a colleague of the unit, or, before a unit is chosen, any colleague and with it the unit.
// The people of another agency are not known: its unit decides who takes what it gets.
export function WorkerInput({ id, agency, unit, value, change }: Props) {
  const t = useTexts("form"), person = usePerson(), { colleagues } = useColleagues();
  if (person.agency !== agency) return null;
  const unitOf = (worker: string) => {
    const units = colleagues.flatMap(({ party }) => (party?.worker === worker ? [party.unit] : []));
    return units.find((one) => one === (unit || person.unit)) ?? units[0] ?? unit;
  };
  return <ColleaguePicker id={`${id}-worker`} label={t("worker")} optional={t("optional")} unit={unit || person.unit}
    only={({ party }) => !unit || party?.unit === unit} value={value} nobody={t("anyWorker")}
    change={(worker) => change(worker || undefined, worker ? unitOf(worker) : unit)} />;
}
