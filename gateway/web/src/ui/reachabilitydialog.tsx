import { useMutation } from "@connectrpc/connect-query";
import { useState, type FormEvent, type RefObject } from "react";
import { Button, Checkbox, CheckboxGroup, Modal, ModalContent, ModalFooter, ModalTitle } from "suomifi-ui-components";

import { ConsultationService, type Reachability } from "koppi-contract/koppi/consultation/v1/consultation_pb";
import { dateOf, useNow } from "../app/clock";
import { addTexts, useTexts } from "../app/language";
import type { Person } from "../app/session";
import formTexts from "../texts/form.json";
import { dayKey } from "./dates";
import { FieldControl } from "./form/control";
import type { Field, ReceiverValue } from "./form/fields";
import { finnish, local } from "./form/times";
import { spoken } from "./languages";
import { Problem } from "./problem";
import "./form/form.css";

addTexts("form", formTexts);

const status: Field = {
  kind: "options", name: "status", label: "status",
  options: [{ value: "reachable", label: "reachable" }, { value: "away", label: "away" }], required: true,
};
const until: Field = { kind: "moment", name: "until", label: "until", hint: "untilHint", required: true };
const substituteOf = (agency: string): Field => ({
  kind: "receiver", name: "substitute", label: "substitute", hint: "substituteHint", within: agency, worker: true,
});

interface Props { person: Person; said: Reachability; opener: RefObject<HTMLButtonElement | null>; close: () => void }

// ReachabilityDialog sets the worker's reachability: the status, until when, the substitute, and
// the languages of service.
export function ReachabilityDialog({ person, said, opener, close }: Props) {
  const t = useTexts("reachability"), form = useTexts("form"), now = useNow();
  const [chosen, choose] = useState(said.reachable ? "reachable" : "away");
  const [time, setTime] =
    useState(() => { const set = dateOf(said.until); return set && set > now ? local(set) : `${dayKey(now)}T23:59`; });
  const [substitute, setSubstitute] = useState<ReceiverValue | undefined>(said.substitute
    && { agency: person.agency, unit: said.substitute.unit, worker: said.substitute.worker });
  const [languages, setLanguages] = useState(said.languages), [wrong, setWrong] = useState<string>();
  const set = useMutation(ConsultationService.method.setReachability, { onSuccess: close });
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    const at = finnish(time), past = !at || Number(at.seconds) * 1000 <= now.getTime();
    setWrong(past ? t("untilPast") : undefined);
    if (past) { document.getElementById("reach-until")?.focus(); return; }
    set.mutate({ reachability: {
      party: { agency: person.agency, unit: person.unit, worker: person.worker }, reachable: chosen === "reachable", until: at, languages,
      substitute: substitute?.unit || substitute?.worker
        ? { agency: person.agency, unit: substitute.unit ?? person.unit, worker: substitute.worker ?? "" }
        : undefined,
    } });
  };
  return (
    <Modal visible appElementId="koppi" onEscKeyDown={close} focusOnCloseRef={opener} ariaLabelledBy="reach-title">
      <ModalContent className="reach-dialog">
        <ModalTitle id="reach-title">{t("title")}</ModalTitle>
        <form id="reach-form" noValidate onSubmit={save} data-form="SetReachability">
          <Problem error={set.error} />
          <FieldControl values={{}} id="reach-status" field={status} texts="reachability" value={chosen}
            change={(value) => choose(String(value))} />
          <FieldControl values={{}} id="reach-until" field={until} texts="reachability" value={time}
            change={(value) => setTime(String(value))} wrong={wrong} />
          <FieldControl values={{}} id="reach-substitute" field={substituteOf(person.agency)} texts="reachability" value={substitute}
            change={(value) => setSubstitute(value as ReceiverValue | undefined)} />
          <CheckboxGroup labelText={t("languages")}>
            {spoken.map((one) => <Checkbox key={one} checked={languages.includes(one)} onClick={({ checkboxState }) => setLanguages(
              checkboxState ? [...languages, one] : languages.filter((other) => other !== one),
            )}>{t(`language_${one}`)}</Checkbox>)}
          </CheckboxGroup>
        </form>
      </ModalContent>
      <ModalFooter>
        <Button type="submit" form="reach-form" disabled={set.isPending} data-send>{t("save")}</Button>
        <Button variant="secondary" onClick={close}>{form("cancel")}</Button>
      </ModalFooter>
    </Modal>
  );
}
