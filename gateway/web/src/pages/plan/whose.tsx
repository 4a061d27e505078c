import { useEffect, useRef, useState } from "react";
import { Dropdown, DropdownItem, TextInput } from "suomifi-ui-components";

import type { Plan } from "koppi-contract/koppi/plan/v1/state_pb";
import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { ColleaguePicker } from "../../ui/colleaguepicker";
import { isolated } from "../../ui/direction";
import { text, type Drawn, type Field } from "../../ui/form/fields";
import { namedIn, type Choice } from "./parties";

// whose asks for one of the joined units, and a worker of it. A successor is named; a task may be the unit's.
export const whose = (plan: Plan, units: Choice[], named: boolean): Field[] => [
  { kind: "options", name: "unit", label: "unit", required: true, of: ["owner", "to"], options: units },
  { kind: "drawn", name: "worker", label: "worker", required: named, draw: (drawn) => <WorkerOf {...drawn} plan={plan} named={named} /> },
];

interface Props extends Drawn { plan: Plan; named: boolean }

// WorkerOf chooses a worker of the chosen unit: a colleague, or one of another agency whom the plan names.
function WorkerOf({ plan, named, ...drawn }: Props) {
  const t = useTexts("plan"), person = usePerson(), chosen = text(drawn.values, "unit"), before = useRef(chosen);
  const [agency = "", unit = ""] = chosen.split("/"), { responsible } = plan;
  // A worker belongs to the unit for which the worker was chosen.
  useEffect(() => {
    if (before.current === chosen) return;
    before.current = chosen;
    drawn.change("");
  }, [chosen]);
  if (!chosen) return null;
  const { id, change, wrong } = drawn, value = String(drawn.value ?? "");
  if (agency !== person.agency) return <WorkerElsewhere key={chosen} {...drawn} {...{ plan, named, unit: chosen }} />;
  const answers = named && responsible?.agency === agency && responsible.unit === unit ? [responsible.worker] : [];
  return <ColleaguePicker {...{ id, unit, value, change, wrong }} label={t("worker")} only={({ party }) => party?.unit === unit}
    without={answers} nobody={named ? undefined : t("unitsTask")} hint={named ? t("workerNamedHint") : undefined} />;
}

const another = "/";

// WorkerElsewhere chooses a worker of another agency. Only where one must be named whom the plan does not name
// is the key written.
function WorkerElsewhere({ id, value: given, change, wrong, plan, named, unit }: Props & { unit: string }) {
  const t = useTexts("plan"), form = useTexts("form"), value = String(given ?? "");
  const answers = named ? plan.responsible?.worker : undefined, known = namedIn(plan, unit).filter(({ worker }) => worker !== answers);
  const [typing, type] = useState(value !== "" && !known.some(({ worker }) => worker === value));
  const writes = named && (typing || !known.length);
  const status = wrong ? { status: "error" as const, statusText: wrong } : {};
  if (!known.length && !named) return <p className="quiet" id={id} tabIndex={-1}>{t("unitDecides")}</p>;
  const items = [
    ...(named ? [] : [<DropdownItem key="" value="">{t("unitsTask")}</DropdownItem>]),
    ...known.map((one) => <DropdownItem key={one.worker} value={one.worker}>{isolated(one.displayName || one.worker)}</DropdownItem>),
    ...(named ? [<DropdownItem key={another} value={another}>{t("anotherWorker")}</DropdownItem>] : []),
  ];
  const pick = (picked: string) => { type(picked === another); change(picked === another ? "" : picked); };
  return (
    <>
      {known.length > 0 && <Dropdown id={id} labelText={t("worker")} hintText={named ? t("workerNamedHint") : undefined}
        visualPlaceholder={form("choose")} value={writes ? another : value || (named ? null : "")} onChange={pick} fullWidth
        {...(writes ? {} : status)}>{items}</Dropdown>}
      {writes && <TextInput id={known.length ? `${id}-key` : id} dir="auto" labelText={t("workerKey")} value={value}
        hintText={[t("workerKeyHint"), !known.length && t("workerNamedHint")].filter(Boolean).join(" ")}
        onChange={(typed) => change(String(typed ?? ""))} fullWidth {...status} />}
    </>
  );
}
