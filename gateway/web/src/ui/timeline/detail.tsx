import type { Attachment, Party } from "koppi-contract/koppi/common/v1/party_pb";
import type { FourField, Guidance } from "koppi-contract/koppi/concern/v1/intake_pb";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

import { dateOf } from "../../app/clock";
import { useTexts, useWords } from "../../app/language";
import { limit, onDate } from "../dates";
import { useDefinitions } from "../definitions";
import { useFourField, useGuided } from "../intake";
import { MatterLink } from "../matterlink";
import { nameOf } from "../names";
import { Attachments } from "../attachments";
import { PaperNames } from "../papernames";
import { useProvision } from "../provision";
import type { Detail } from "./events";
import { PartyName } from "./partyname";

// The field name of a matter's id gives its kind.
const kindsOf: Record<string, string> = { concern: "concerns", referral: "referrals", plan: "plans", consultation: "consultations" };
const subjectOf = (name: string, id: string) => {
  const kind = Object.keys(kindsOf).find((one) => name.includes(one));
  return id.includes("/") ? id : kind && `${kindsOf[kind]}/${id}`;
};

// DetailLine shows one detail of an event, by its type in the contract.
export function DetailLine({ subject, detail: { field, value } }: { subject: string; detail: Detail }) {
  const t = useTexts("timeline"), word = useWords(), provision = useProvision();
  const fourField = useFourField(), guided = useGuided(), { need } = useDefinitions();
  // A true flag needs no value beside its label.
  if (value === true) return <div className="fact"><dd dir="auto">{t(`field_${field.name}`)}</dd></div>;
  if (value === false) return <div className="fact"><dd dir="auto">{t(`field_${field.name}_not`)}</dd></div>;
  const shown = () => {
    if (field.name === "support_need") return need(nameOf(field.enum!, value as never));
    if (field.enum) return [value].flat().map((one) => word(nameOf(field.enum!, one as never))).join(", ");
    switch (field.message?.typeName) {
      case "google.protobuf.Timestamp": return limit(dateOf(value as Timestamp)!);
      case "koppi.common.v1.Party": return <PartyName of={value as Party} />;
      case "koppi.concern.v1.FourField": return fourField(value as FourField);
      case "koppi.concern.v1.Guidance": return (value as Guidance[]).map((one, at) => <div key={at}>{guided(one)}</div>);
      case "koppi.common.v1.Attachment": return <Attachments subject={subject} attachments={value as Attachment[]} />;
    }
    if (/(_id|_ids|resubmitted_as|led_to)$/.test(field.name)) return [value].flat().map((id) => {
      const linked = subjectOf(field.name, String(id));
      return linked ? <span key={linked}><MatterLink subject={linked} /> </span> : null;
    });
    if (field.name === "papers" || field.name === "missing") return <PaperNames of={value as string[]} />;
    if (field.name === "due_provision") return provision(String(value));
    if (field.name.endsWith("_on")) return onDate(String(value));
    return field.name === "service_key" ? word(String(value)) : String(value);
  };
  const free = field.fieldKind === "scalar" && typeof value === "string"
    && !/(_id|_key|_as|_to|_on|language|place|topic|provision)$/.test(field.name);
  return <div className="fact">
    <dt>{t(`field_${field.name}`)}</dt>
    <dd dir="auto">{free ? <blockquote dir="auto">{String(value)}</blockquote> : shown()}</dd>
  </div>;
}
