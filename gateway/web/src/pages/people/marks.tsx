import type { Colleague } from "koppi-contract/koppi/casework/v1/people_pb";
import { useTexts } from "../../app/language";
import { absenceText } from "../../ui/colleagues";
import { dayKey } from "../../ui/dates";
import { usePartyName } from "../../ui/party";

// Marks say by shape and text what is special now.
export function Marks({ colleague: { onDuty, absence, unnamed, leader, left }, now }: { colleague: Colleague; now: Date }) {
  const t = useTexts("people"), c = useTexts("colleagues"), party = usePartyName();
  const away = absence && absenceText(absence, dayKey(now)), substitute = absence?.substitute && party(absence.substitute, true);
  const marks: [name: string, shape: string, text: string][] = [];
  if (onDuty) marks.push(["duty", "●", t("onDuty")]);
  if (away) {
    marks.push(["away", "○", [c(away[0], away[1]), substitute && t("substituteIs", { who: substitute })].filter(Boolean).join(", ")]);
  }
  if (leader) marks.push(["leader", "◆", t("leader")]);
  if (unnamed) marks.push(["unnamed", "⊘", t("unnamedMark")]);
  if (left) marks.push(["left", "↩", t("leftMark")]);
  if (!marks.length) return null;
  return (
    <ul className="colleague-marks">{marks.map(([name, shape, text]) => (
      <li key={name} data-mark={name}><span aria-hidden="true" className="shape">{shape}</span>{text}</li>
    ))}</ul>
  );
}
