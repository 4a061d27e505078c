import { timestampMs } from "@bufbuild/protobuf/wkt";

import { AgencyKind } from "koppi-contract/koppi/casework/v1/agency_kind_pb";
import type { Agency, Ground } from "koppi-contract/koppi/casework/v1/casework_pb";
import { LegalGround } from "koppi-contract/koppi/common/v1/party_pb";
import type { AdvanceConsent } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { isConsent, toChoose, type Chosen } from "./value";

// Offered is one option of the choice of a ground. A consent is chosen together with its time.
export interface Offered extends Chosen { when?: "now" | "earlier" | "advance"; advance?: AdvanceConsent; alone?: boolean }

// offered returns the options of the lawful rows, in the order of the table. Alone is set where no
// other row is of consent, so that the option need not say which consent it is.
export function offered(rows: Ground[], advance: AdvanceConsent[], now: Date): Offered[] {
  const consents = rows.filter(isConsent), alone = consents.length === 1;
  const cited = (row: Ground) => advance.filter(({ provision }) =>
    (consents.find((one) => one.provision === provision) ?? consents[0]) === row);
  return rows.flatMap((row): Offered[] => {
    const chosen = toChoose(row), at = now.toISOString();
    if (!isConsent(row)) return [chosen];
    return [
      ...cited(row).map((one): Offered => ({
        ...chosen, alone, when: "advance", option: `${row.key}/${one.consentId}`, consentId: one.consentId, at, advance: one,
      })),
      { ...chosen, alone, when: "now", option: `${row.key}/now`, at },
      { ...chosen, alone, when: "earlier", option: `${row.key}/earlier`, earlier: true },
    ];
  });
}

// kept returns an option without what only its label needs.
export function kept({ advance: _advance, when: _when, alone: _alone, ...chosen }: Offered): Chosen {
  return chosen;
}

// citable returns the consents in advance that cover a message from an agency to a receiver.
export const citable = (consents: AdvanceConsent[], service: string, sender: string, receiver: Agency | undefined, now: Date) =>
  consents.filter((one) => !one.withdrawnAt && one.until && timestampMs(one.until) > now.getTime() && one.services.includes(service)
    && (!one.sender || one.sender === sender) && receiver !== undefined
    && (one.recipient?.of.case === "agency" ? one.recipient.of.value === receiver.agency
      : one.recipient?.of.value === `AGENCY_KIND_${AgencyKind[receiver.kind]}`));

// named leaves the rows of messages that name a client, or of those that name nobody.
export const named = (rows: Ground[], anonymous: boolean | undefined) => (anonymous === undefined ? rows
  : rows.filter(({ ground }) => (ground === LegalGround.NO_PERSONAL_DATA) === anonymous));
