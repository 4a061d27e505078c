import { lazy, Suspense, useState } from "react";
import {
  Checkbox, CheckboxGroup, Dropdown, DropdownItem, RadioButton, RadioButtonGroup, SearchInput, Textarea, TextInput,
} from "suomifi-ui-components";

import { useTexts, useWords } from "../../app/language";
import { patiently } from "../../app/patiently";
import type { Chosen } from "../ground/value";
import { namesOf } from "../names";
import type { AttachmentValue, Field, ReceiverValue, Values } from "./fields";
import { ReceiverField } from "./receiver";

// Calendars, uploads and grounds are loaded with the first form that has them.
const DayInput = lazy(async () => ({ default: (await patiently(() => import("./dayinput"))).DayInput }));
const MomentInput = lazy(async () => ({ default: (await patiently(() => import("./dayinput"))).MomentInput }));
const GroundChoice = lazy(async () => ({ default: (await patiently(() => import("../ground/choice"))).GroundChoice }));
const AttachmentsField = lazy(async () => ({ default: (await patiently(() => import("./attachments"))).AttachmentsField }));

interface Props {
  id: string;
  field: Field;
  texts: string;
  values: Values;
  value: unknown;
  change: (value: unknown) => void;
  // Changes the value of another field of the form, for what the caller draws.
  set?: (field: string, value: unknown) => void;
  wrong?: string;
}

// Up to this many names are shown as radio buttons.
const few = 5;

// FieldControl renders a field by its kind, with components of the design system.
export function FieldControl({ id, field, texts, values, value, change, set = () => undefined, wrong }: Props) {
  const own = useTexts(texts), t = useTexts("form");
  const label = field.label ? own(field.label) : "", hint = field.hint && own(field.hint);
  const optional = field.required || field.aside ? undefined : t("optional");
  const status = wrong ? { status: "error" as const, statusText: wrong } : {};
  switch (field.kind) {
    case "line": return <TextInput dir="auto" id={id} labelText={label} hintText={hint} optionalText={optional} value={String(value ?? "")}
      onChange={(typed) => change(typed)} {...status} fullWidth />;
    case "area": return <Textarea dir="auto" id={id} labelText={label} hintText={hint} optionalText={optional} value={String(value ?? "")}
      onChange={(event) => change(event.target.value)} {...status} fullWidth />;
    case "day": return (
      <Suspense>
        <DayInput {...{ id, label, hint, optional, wrong, change }} value={String(value ?? "")} from={field.from} until={field.until} />
      </Suspense>
    );
    case "moment": return (
      <Suspense><MomentInput {...{ id, label, hint, optional, wrong, change }} value={String(value ?? "")} /></Suspense>
    );
    case "check": return <Checkbox id={id} checked={value === true} onClick={({ checkboxState }) => change(checkboxState)} hintText={hint}
      {...status}>{label}</Checkbox>;
    case "options": return (
      <RadioButtonGroup id={id} name={id} labelText={label} groupHintText={hint} value={String(value ?? "")} optionalText={optional}
        onChange={change} groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
        {field.options.map((one) => (
          <RadioButton key={one.value} value={one.value} hintText={one.readyHint || one.hint && own(one.hint)}>
            {one.ready ?? own(one.label!)}
          </RadioButton>
        ))}
      </RadioButtonGroup>
    );
    case "choice": return <Choice {...{ id, field, label, hint, optional, value, change, wrong }} />;
    case "choices": return (
      <Choices {...{ id, field, label, hint, value, change, wrong }} search={field.search && own(field.search)} />
    );
    case "receiver": return <ReceiverField {...{ id, field, label, hint, wrong, change }} value={value as ReceiverValue | undefined} />;
    case "ground": return (
      <Suspense><GroundChoice {...{ id, field, label, wrong, values, change }} value={value as Chosen | undefined} /></Suspense>
    );
    case "attachments": return (
      <Suspense>
        <AttachmentsField {...{ id, label, hint, wrong, change }} paper={field.paper}
          value={(value as AttachmentValue[] | undefined) ?? []} />
      </Suspense>
    );
    case "note": return <p className="quiet note">{own(field.text)}</p>;
    case "drawn": return field.draw({ id, values, value, change, set, wrong });
  }
}

function Choice({ id, field, label, hint, optional, value, change, wrong }: Omit<Props, "texts" | "values" | "set"> & {
  field: Extract<Field, { kind: "choice" }>; label: string; hint?: string; optional?: string;
}) {
  const word = useWords(), t = useTexts("form"), names = field.only ?? namesOf(field.schema);
  if (!field.list && names.length <= few) {
    return (
      <RadioButtonGroup id={id} name={id} labelText={label} groupHintText={hint} optionalText={optional} value={String(value ?? "")}
        onChange={change} groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
        {names.map((name) => <RadioButton key={name} value={name}>{word(name)}</RadioButton>)}
      </RadioButtonGroup>
    );
  }
  return (
    <Dropdown id={id} labelText={label} hintText={hint} optionalText={optional} visualPlaceholder={t("choose")}
      value={value ? String(value) : null} onChange={change} status={wrong ? "error" : "default"} statusText={wrong} fullWidth>
      {names.map((name) => <DropdownItem key={name} value={name}>{word(name)}</DropdownItem>)}
    </Dropdown>
  );
}

function Choices({ id, field, label, hint, search, value, change, wrong }: Omit<Props, "texts" | "values" | "set"> & {
  field: Extract<Field, { kind: "choices" }>; label: string; hint?: string; search?: string;
}) {
  const word = useWords(), t = useTexts("form"), [sought, seek] = useState("");
  const names = field.only ?? namesOf(field.schema), chosen = (value as string[] | undefined) ?? [];
  const shown = names.filter((name) => chosen.includes(name) || word(name).toLowerCase().includes(sought.trim().toLowerCase()));
  return (
    <div className="choices" id={id} tabIndex={-1}>
      {search && <SearchInput labelText={search} labelMode="hidden" visualPlaceholder={search} searchButtonLabel={search}
        clearButtonLabel={t("clear")}
        value={sought} onChange={(typed) => seek(String(typed ?? ""))} />}
      <CheckboxGroup labelText={label} groupHintText={hint} groupStatus={wrong ? "error" : undefined} groupStatusText={wrong}>
        {shown.map((name) => <Checkbox key={name} value={name} checked={chosen.includes(name)} onClick={({ checkboxState }) =>
          change(checkboxState ? [...chosen, name] : chosen.filter((one) => one !== name))}>{word(name)}</Checkbox>)}
      </CheckboxGroup>
    </div>
  );
}
