import type { ClientDetails } from "koppi-contract/koppi/common/v1/party_pb";

import { useTexts } from "../app/language";
import { useDirectory } from "./party";
import { Reveal } from "./reveal";

// Named is the client as GetClient returns it, the same in all four services.
export interface Named { personalIdentityCode: string; details?: ClientDetails; language: string }

const isoDay = /^(\d{4})-(\d{2})-(\d{2})$/;
const finnishDay = (iso: string) => iso.replace(isoDay, (_, year, month, date) => `${Number(date)}.${Number(month)}.${year}`);

// Who shows the client's name and details on request.
export function Who({ read }: { read: () => Promise<Named> }) {
  const t = useTexts("who"), { municipality } = useDirectory();
  return (
    <Reveal name="client" label={t("whoIs")} hint={t("whoIsRecorded")} read={read}>
      {({ personalIdentityCode, details }) => {
        const name = [details?.givenNames, details?.familyName].filter(Boolean).join(" ");
        const rows: [string, string | undefined][] = [
          [t("name"), name], [t("identityCode"), personalIdentityCode],
          [t("birthDate"), details?.birthDate && finnishDay(details.birthDate)],
          [t("phone"), details?.phones.join(", ")], [t("email"), details?.email], [t("address"), details?.address],
          [t("municipality"), details?.municipality && municipality(details.municipality)],
        ];
        return (
          <>
            <dl>{rows.filter(([, value]) => value)
              .map(([label, value]) => <div key={label} className="pair"><dt>{label}</dt><dd dir="auto">{value}</dd></div>)}</dl>
            {details?.nonDisclosure && <p><strong><span aria-hidden="true" className="shape">!</span>{t("nonDisclosure")}</strong></p>}
          </>
        );
      }}
    </Reveal>
  );
}
