import { createClient } from "@connectrpc/connect";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { RadioButton, RadioButtonGroup } from "suomifi-ui-components";

import { CaseworkService, type Ground } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";
import { ReferralKindSchema } from "koppi-contract/koppi/referral/v1/state_pb";
import { useLanguage, useTexts } from "../../app/language";
import { transport } from "../../app/transport";
import type { Drawn } from "../../ui/form/fields";
import { namesOf } from "../../ui/names";
import { Problem } from "../../ui/problem";
import { useProvision } from "../../ui/provision";

// The messages that a service sends to another agency.
const messagesOf: Record<string, string[]> = {
  concern: ["concern"], referral: namesOf(ReferralKindSchema).map((kind) => `referral/${kind}`),
  consultation: ["consultation", "consultation/invitation"], plan: ["plan/invitation"],
};

// A prohibition is overridden on a ground of law alone.
const ofLaw = ({ ground }: Ground) => ground === LegalGround.STATUTORY_NOTIFICATION || ground === LegalGround.STATUTORY_ACCESS;

async function groundsOf(service: string, agency: string): Promise<Ground[]> {
  const casework = createClient(CaseworkService, transport);
  const found = await Promise.all((messagesOf[service] ?? []).map((message) => casework.listGrounds({ message, receiver: { agency } })));
  return [...new Map(found.flatMap(({ grounds }) => grounds.filter(ofLaw)).map((one) => [one.key, one])).values()];
}

interface Props extends Drawn { service: string; receiver: string }

// Choice asks on which ground of law the stopped message is to be sent. If there is one, it is chosen.
function Choice({ id, service, receiver, value, change, wrong }: Props) {
  const t = useTexts("client"), [language] = useLanguage(), said = useProvision();
  const { data, error } = useQuery({ queryKey: ["override grounds", service, receiver], queryFn: () => groundsOf(service, receiver) });
  const only = data?.length === 1 ? data[0]!.key : undefined;
  useEffect(() => { if (only && !value) change(only); }, [only]);
  if (!data) return <Problem error={error} focus={false} />;
  if (!data.length) return <p id={id} tabIndex={-1} className={wrong ? "wrong" : "note"}>{t("overrideNoGround")}</p>;
  return (
    <RadioButtonGroup id={id} name={id} labelText={t("overrideGround")} value={String(value ?? "")} onChange={change}
      groupStatus={wrong ? "error" : "default"} groupStatusText={wrong}>
      {data.map(({ key, names, provision }) => (
        <RadioButton key={key} value={key} hintText={said(provision)}>{names[language] ?? names.fi}</RadioButton>
      ))}
    </RadioButtonGroup>
  );
}

export const OverrideGround = (drawn: Props) => <Choice {...drawn} />;
