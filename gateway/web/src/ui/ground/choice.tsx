import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { useEffect, useState } from "react";
import { InlineAlert, RadioButton, RadioButtonGroup } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { ConsentService } from "koppi-contract/koppi/consent/v1/consent_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import { usePerson } from "../../app/session";
import { day } from "../dates";
import { receiver, type Field, type Values } from "../form/fields";
import { useDirectory } from "../party";
import { Problem } from "../problem";
import { useProvision } from "../provision";
import { citable, kept, named, offered, type Offered } from "./options";
import { isConsent, type Chosen } from "./value";

interface Props {
  id: string;
  field: Extract<Field, { kind: "ground" }>;
  label: string;
  wrong?: string;
  values: Values;
  value?: Chosen;
  change: (value: Chosen | undefined) => void;
}

// useOffered returns the options towards the chosen receiver; undefined until they are known.
function useOffered({ message, receiver: to, clientId, anonymous }: Props["field"]["asks"], values: Values) {
  const now = useNow(), person = usePerson(), t = useTexts("ground"), { agencies } = useDirectory();
  const party = to ? receiver(values, to) : undefined, known = message !== "" && (!to || Boolean(party?.agency));
  const { data, error } = useQuery(CaseworkService.method.listGrounds, {
    message, receiver: party?.agency ? { agency: party.agency, unit: party.unit ?? "" } : undefined,
  }, { enabled: known });
  const rows = data && named(data.grounds, anonymous), cites = clientId !== undefined && clientId !== "" && rows?.some(isConsent) === true;
  // Reading the consents given in advance is recorded as a reading of the client's data.
  const { data: directives } = useQuery(ConsentService.method.listWishes, { clientId, purpose: t("advancePurpose") }, { enabled: cites });
  const advance = citable(directives?.wishes?.consents ?? [], message.split("/")[0]!, person.agency,
    agencies.find(({ agency }) => agency === party?.agency), now);
  return { known, error, options: known && rows ? offered(rows, advance, now) : undefined };
}

// GroundChoice asks on which ground a message is sent, of those that are lawful now towards its
// receiver. If there is one, it is chosen. A ground that another receiver does not have falls away,
// and that is said.
export function GroundChoice({ id, field, label, wrong, values, value, change }: Props) {
  const t = useTexts("ground"), [language] = useLanguage(), { known, error, options } = useOffered(field.asks, values);
  const said = useProvision(), [fell, drop] = useState<string>();
  const nameOf = ({ names }: Chosen) => names[language] ?? names.fi ?? "";
  const preferred = options && (options.length === 1 ? options[0] : options.find(({ provision }) => provision === field.asks.prefer));
  const lost = value !== undefined && options !== undefined && !options.some(({ option }) => option === value.option);
  useEffect(() => {
    if (lost) {
      drop(nameOf(value));
      change(undefined);
    } else if (!value && preferred && !fell) change(kept(preferred));
  }, [lost, preferred?.option]);
  if (!known) return <p className="note" id={id} tabIndex={-1}>{t("receiverFirst")}{wrong && <span className="wrong"> {wrong}</span>}</p>;
  if (!options) return <Problem error={error} focus={false} />;
  if (!options.length) return (
    <div id={id} tabIndex={-1} data-no-ground><InlineAlert status="warning" labelText={t("none")}>{t("noneThen")}</InlineAlert></div>
  );
  const called = (one: Offered) => {
    const { when, advance, alone } = one, name = nameOf(one);
    if (when === "advance") {
      return t("inAdvance", { day: advance?.givenAt ? day(timestampDate(advance.givenAt)) : "", purpose: advance?.purpose });
    }
    if (when === undefined) return name;
    return alone ? t(when === "now" ? "consentedNow" : "consentedEarlier") : `${name}: ${t(when === "now" ? "justNow" : "earlier")}`;
  };
  const hinted = (one: Offered) => {
    const provision = said(one.provision);
    if (one.when === undefined) return provision;
    return one.when === "now" ? (one.alone ? `${nameOf(one)} (${provision})` : provision) : undefined;
  };
  const pick = (option: string) => {
    const one = options.find((it) => it.option === option);
    drop(undefined);
    change(one && kept(one));
  };
  return (
    <RadioButtonGroup id={id} name={id} labelText={label} value={value?.option ?? ""} onChange={pick}
      groupStatus={wrong || fell ? "error" : "default"} groupStatusText={wrong ?? (fell && t("fell", { name: fell }))}>
      {options.map((one) => <RadioButton key={one.option} value={one.option} hintText={hinted(one)}>{called(one)}</RadioButton>)}
    </RadioButtonGroup>
  );
}
