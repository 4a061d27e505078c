import type { ContactPoint } from "koppi-contract/koppi/common/v1/contact_point_pb";
import { useNow } from "../../app/clock";
import { useLanguage, useTexts } from "../../app/language";
import { useTitleOf } from "../../ui/contact";
import { spokenDay } from "../../ui/dates";
import { hoursOf, openingOf, spokenHour } from "../../ui/hours";
import { telephone } from "../../ui/phone";
import { useNames } from "./names";

// Call says whom to call about a situation. Outside the telephone's hours, and if the situation is
// urgent, it has the numbers that are answered at any hour.
export function Call({ contact, urgent }: { contact: ContactPoint; urgent?: string }) {
  const t = useTexts("own"), [language] = useLanguage(), names = useNames(), titleOf = useTitleOf(), now = useNow();
  const { phone, phoneHours, address, emergencyPhone } = contact;
  const { open, day, from } = openingOf(phoneHours, now), hours = hoursOf(phoneHours, language);
  const closed = day && from ? t("call_opens", { date: spokenDay(day), time: spokenHour(from) }) : t("call_closed");
  const atOnce = Boolean(urgent) || !open || !phone;
  return (
    <div className="call">
      {urgent && <p className="urgent-now" data-urgent>{urgent}</p>}
      {urgent && <AtOnce emergencyPhone={emergencyPhone} />}
      <p className="call-who" dir="auto">{names.full(contact.party)}</p>
      {titleOf(contact) && <p className="quiet" dir="auto">{titleOf(contact)}</p>}
      {phone ? (
        <p className="call-unit">
          <a href={telephone(phone)} data-call="unit" className={open && !urgent ? "number first" : "number"}>{t("call", { phone })}</a>
          {hours && <span className="call-hours">{hours}</span>}
        </p>
      ) : <p>{t("call_none")}</p>}
      {phone && !open && <p data-closed>{closed}</p>}
      {address && <p className="quiet" dir="auto">{address}</p>}
      {atOnce && !urgent && <><p className="call-now">{t("call_now")}</p><AtOnce emergencyPhone={emergencyPhone} /></>}
    </div>
  );
}

function AtOnce({ emergencyPhone }: { emergencyPhone: string }) {
  const t = useTexts("own");
  return (
    <p className="at-once">
      {emergencyPhone && (
        <a href={telephone(emergencyPhone)} data-call="emergency" className="number">{t("call_emergency", { phone: emergencyPhone })}</a>
      )}
      <Alarm />
    </p>
  );
}

// Alarm is the general emergency number.
export function Alarm() {
  return <a href="tel:112" data-call="112" className="number">{useTexts("own")("call_112")}</a>;
}
