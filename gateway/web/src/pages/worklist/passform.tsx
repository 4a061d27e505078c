import { ReassignWorkRequestSchema, type WorkItem } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import type { Person } from "../../app/session";
import { receiver, text, type Field, type ReceiverValue } from "../../ui/form/fields";
import { StepForm } from "../../ui/form/stepform";
import { most, pass, type Result } from "./bulk";

interface Props {
  items: WorkItem[];
  person: Person;
  // The receiver that is proposed, and the draft of a form beside others.
  to?: ReceiverValue;
  draft?: string;
  done: (results: Result[]) => void;
  close: () => void;
}

// PassForm passes all ticked matters to a unit or worker of the agency. It is loaded when it is opened.
export function PassForm({ items, person, to, draft = "pass", done, close }: Props) {
  const t = useTexts("worklist");
  const fields: Field[] = [
    { kind: "receiver", name: "to", label: "passTo", within: person.agency, worker: true, required: true },
    // What a worker holds is taken from the worker with a reason.
    { kind: "line", name: "reason", label: "passReason", required: items.some(({ holder }) => Boolean(holder?.worker)) },
  ];
  return (
    <StepForm draft={draft} texts="worklist" title={t("passTitle", { count: items.length })} schema={ReassignWorkRequestSchema}
      fields={fields} initial={to && { to }} sendLabel={t("act_pass")}
      make={(values, requestId) => ({
        requestId, subjects: items.slice(0, most).map(({ subject }) => subject),
        to: { ...receiver(values, "to"), agency: person.agency }, reason: text(values, "reason"),
      })}
      send={async (request) => done(await pass(request, items))} done={close} cancel={close} />
  );
}
