import type { ReactNode } from "react";

import { useTexts } from "../../app/language";
import { receiver, type Values } from "../../ui/form/fields";
import { moment } from "../../ui/dates";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";
import { useDirectory } from "../../ui/party";
import { useProvision } from "../../ui/provision";
import { attestations } from "./attestations";
import { consentTime, groundOf, provisionOf, type Ground } from "./basis";
import { useLanguageName } from "./client";

interface Props {
  values: Values;
  grounds: Ground[];
  // The client; empty if no one is named.
  client?: string;
  // The content, each part under its label.
  content: [label: string, value: ReactNode][];
  // The client's language of service.
  language?: string;
  // What the sender learns afterwards: a key of the page's texts.
  after: string;
  // The matter is not sent to anybody yet.
  toNobody?: boolean;
}

// Preview shows what will be sent, to whom and on which ground, and what the sender will learn
// afterwards.
export function Preview({ values, grounds, client, language, content, after, toNobody }: Props) {
  const t = useTexts("new"), directory = useDirectory(), said = useProvision(), chosen = groundOf(grounds, values);
  const tongue = useLanguageName();
  if (!chosen) return null;
  const provision = provisionOf(chosen, values);
  const to = receiver(values, "receiver"), consented = consentTime(values);
  const addressed = to?.agency
    && [to.worker, to.unit && directory.unit(to.agency, to.unit), directory.agency(to.agency)].filter(Boolean).join(", ");
  const rows: [string, ReactNode][] = [
    ...(toNobody ? [] : [[t("previewTo"), addressed] as [string, ReactNode]]),
    ...(client === undefined ? [] : [[t("previewClient"), client] as [string, ReactNode]]),
    ...(client !== undefined && language ? [[t("clientLanguage"), tongue(language)] as [string, ReactNode]] : []),
    [
      t("previewGround"),
      <>
        {t(chosen.label)}
        {provision && ` (${said(provision)})`}
        {chosen.ground === LegalGround.CLIENT_CONSENT && consented && (
          <>, {moment(timestampDate(consented))}</>
        )}
        {chosen.ground === LegalGround.STATUTORY_NOTIFICATION && attestations.filter(
          (one) => (values.attestation as string[] | undefined)?.includes(one),
        ).map((one) => <span key={one} className="attested">{t(`attest_${one}`)}</span>)}
      </>,
    ],
    ...content,
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
