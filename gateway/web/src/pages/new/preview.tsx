import type { ReactNode } from "react";

import { useLanguage, useTexts } from "../../app/language";
import { receiver, text, type Values } from "../../ui/form/fields";
import { moment } from "../../ui/dates";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useLanguageName } from "../../ui/languages";
import { useReceiving, type Sought } from "../../ui/oncall";
import { useDirectory } from "../../ui/party";
import { useProvision } from "../../ui/provision";
import { attested, chosenOf, consentTime } from "../../ui/ground/value";

// What the client answered about hearing back.
const feedback: Record<string, string> = { yes: "feedbackYes", no: "feedbackNo", unasked: "feedbackUnasked" };

interface Props {
  values: Values;
  // The client; empty if no one is named.
  client?: string;
  // The content, each part under its label.
  content: [label: string, value: ReactNode][];
  // The client's language of service.
  language?: string;
  // The language into which is interpreted for the client.
  interpreter?: string;
  // What a unit is chosen by, where only the agency is named.
  sought?: Sought;
  // What the sender learns afterwards: a key of the page's texts.
  after: string;
  // The matter is not sent to anybody yet.
  toNobody?: boolean;
}

// Preview shows what will be sent, to whom and on which ground, and what the sender will learn
// afterwards.
export function Preview({ values, client, language, interpreter, sought = {}, content, after, toNobody }: Props) {
  const t = useTexts("new"), ground = useTexts("ground"), directory = useDirectory(), said = useProvision(), chosen = chosenOf(values);
  const tongue = useLanguageName(), [spoken] = useLanguage(), called = (names: Record<string, string>) => names[spoken] ?? names.fi;
  const named = receiver(values, "receiver"), receiving = useReceiving(named, sought);
  // An emergency goes to the unit on call.
  const onCall = text(values, "urgency") === "URGENCY_EMERGENCY" ? receiving?.onCall?.unit : undefined;
  const answer = feedback[text(values, "feedback")];
  if (!chosen) return null;
  const to = named && { ...named, unit: onCall ?? named.unit }, consented = consentTime(values);
  const addressed = to?.agency
    && [to.unit && directory.unit(to.agency, to.unit), directory.agency(to.agency)].filter(Boolean).join(", ");
  const rows: [string, ReactNode][] = [
    ...(toNobody ? [] : [[t("previewTo"), addressed] as [string, ReactNode]]),
    ...(client === undefined ? [] : [[t("previewClient"), client] as [string, ReactNode]]),
    ...(client !== undefined && language ? [[t("clientLanguage"), tongue(language)] as [string, ReactNode]] : []),
    ...(interpreter ? [[t("interpreter"), tongue(interpreter)] as [string, ReactNode]] : []),
    [
      t("previewGround"),
      <>
        {called(chosen.names)} ({said(chosen.provision)}){consented && <>, {moment(timestampDate(consented))}</>}
        {attested(values).map(({ field, names }) => <span key={field} className="attested">{called(names)}</span>)}
      </>,
    ],
    ...content,
    ...(chosen.asksFeedback ? [[ground("feedback"), answer && ground(answer)] as [string, ReactNode]] : []),
  ];
  return (
    <section className="preview" aria-labelledby="preview-title">
      <h2 id="preview-title">{t("preview")}</h2>
      <dl>{rows.map(([label, value]) => (
        <div key={label}><dt>{label}</dt><dd dir="auto">{value || <span className="quiet">{t("nothing")}</span>}</dd></div>
      ))}</dl>
      <h3>{t("previewAfter")}</h3>
      <p>{t(after)}</p>
    </section>
  );
}
