import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { ErrorSummary } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Problem } from "../problem";
import type { Wrong } from "./check";
import { FieldControl } from "./control";
import type { Field } from "./fields";
import type { Submission } from "./submission";

const focusable = "input:not([type=hidden]), textarea, select, button";

// focusIn focuses a field of a form, or the first field if it has no name.
export function focusIn(form: HTMLElement | null, field: string) {
  const within = field ? `[data-field="${field}"] ` : "", find = (what: string) => form?.querySelector(`${within}:is(${what})`);
  const place = find(focusable) ?? find("[tabindex]");
  if (place instanceof HTMLElement) place.focus();
}

// useMessage returns a function that says what is wrong with a field, in its own words.
function useMessage(texts: string) {
  const t = useTexts("form"), own = useTexts(texts), { t: refusal, i18n } = useTranslation("refusals");
  const named = (field: Field) => {
    const label = field.label ? own(field.label).replace(/\?$/, "") : "";
    return label.slice(0, 1).toLowerCase() + label.slice(1);
  };
  const missing = (field: Field) => {
    if (field.missing) return own(field.missing);
    const typed = field.kind === "line" || field.kind === "area", timed = field.kind === "day" || field.kind === "moment";
    const ticked = field.kind === "check";
    return t(typed ? "missingText" : timed ? "missingDay" : ticked ? "missingTick" : "missingChoice", { what: named(field) });
  };
  return (one: Wrong, field: Field) => {
    if (one.own) return own(one.own);
    if (one.key === "required") return missing(field);
    if (one.key === "invalid" && field.malformed) return own(field.malformed);
    return one.key ? t(one.key) : one.reason && i18n.exists(`refusals:${one.reason}`) ? refusal(one.reason) : one.text ?? t("invalid");
  };
}

// useReleased returns a function that does something at once, or when the pointer that is down is released:
// what is said beside a field that was left must not move what is being clicked.
function useReleased() {
  const pressed = useRef(false);
  useEffect(() => {
    const set = (down: boolean) => () => { pressed.current = down; }, down = set(true), up = set(false);
    addEventListener("pointerdown", down, true);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, up, true);
    return () => {
      removeEventListener("pointerdown", down, true);
      for (const end of ["pointerup", "pointercancel"]) removeEventListener(end, up, true);
    };
  }, []);
  return (then: () => void) => {
    if (!pressed.current) return then();
    // The click follows the release.
    addEventListener("pointerup", () => setTimeout(then), { once: true });
  };
}

interface Props { form: Submission; texts: string; fields: Field[]; headings: "h2" | "h4" }

// FieldList renders the fields of a form. What is wrong is said beside its field; if it is more than
// one thing, a summary above leads to each. A refusal of no field is said above.
export function FieldList({ form, texts, fields, headings }: Props) {
  const t = useTexts("form"), message = useMessage(texts), released = useReleased();
  const place = useRef<HTMLDivElement>(null), summary = useRef<HTMLHeadingElement>(null);
  const bad = fields.flatMap((field) => {
    const one = form.wrong.find(({ name }) => name === field.name);
    return one && !(one.owed && !field.required) ? [{ field, said: message(one, field) }] : [];
  });
  useEffect(() => {
    if (form.failures === 0) return;
    if (bad.length > 1) summary.current?.focus();
    else if (bad[0]) focusIn(place.current, bad[0].field.name);
  }, [form.failures]);
  return (
    <div ref={place} className="fields">
      <Problem error={form.error} focus={bad.length === 0} path={form.wrong.find(({ name }) => !name)?.path} />
      {bad.length > 1 && <ErrorSummary headingRef={summary} headingText={t("wrong")} headingVariant={headings}
        items={bad.map(({ field, said }) => ({
          text: said, inputRef: { get current() { return { focus: () => focusIn(place.current, field.name) } as HTMLElement; } },
        }))} />}
      {fields.map((field) => (
        <div key={field.name} data-field={field.name} data-aside={field.aside}
          onBlur={({ currentTarget, relatedTarget }) => {
            if (!currentTarget.contains(relatedTarget)) released(() => form.left(field));
          }}>
          <FieldControl id={`${form.id}${field.name}`} field={field} texts={texts} values={form.draft} value={form.draft[field.name]}
            change={(value) => form.set(field.name, value)} set={form.set} wrong={bad.find((one) => one.field === field)?.said} />
        </div>
      ))}
    </div>
  );
}
