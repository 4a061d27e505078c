import { useContext } from "react";

import { ContactMode, ContactModeSchema } from "koppi-contract/koppi/concern/v1/intake_pb";
import type { Concern } from "koppi-contract/koppi/concern/v1/state_pb";
import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { spokenDay } from "../../ui/dates";
import { nameOf } from "../../ui/names";
import { StepPlace } from "./stepplace";

// Rung is a way to reach a client, with the modes of contact that count as it. By a step, another agency is
// asked.
interface Rung { name: (typeof rungs)[number]; modes: ContactMode[]; step?: string }

const rungs = ["hour", "message", "letter", "pair", "reporter", "health"] as const;
const { PHONE, TEXT_MESSAGE, ONLINE, LETTER, HOME_VISIT, JOINT_VISIT, THROUGH_AGENCY } = ContactMode;
const ways: Rung[] = [
  { name: "hour", modes: [PHONE, ContactMode.UNSPECIFIED] }, { name: "message", modes: [TEXT_MESSAGE, ONLINE] },
  { name: "letter", modes: [LETTER] }, { name: "pair", modes: [JOINT_VISIT, HOME_VISIT] },
  { name: "reporter", modes: [THROUGH_AGENCY], step: "RequestInformation" }, { name: "health", modes: [], step: "ForwardConcern" },
];

// triedOn are the days on which a way was tried, as people say them; for health care, whether it was.
function triedOn({ contactAttempts, informationRequests, forwardedToConcernIds }: Concern, { name, modes }: Rung) {
  const times = contactAttempts.filter(({ mode }) => modes.includes(mode)).map(({ at }) => at);
  if (name === "reporter") times.push(...informationRequests.map(({ askedAt }) => askedAt));
  const days = times.flatMap((at) => { const time = dateOf(at); return time ? [spokenDay(time)] : []; });
  return { tried: days.length > 0 || name === "health" && forwardedToConcernIds.length > 0, days: [...new Set(days)] };
}

interface Props { concern: Concern; chosen: string; choose: (mode: string) => void }

// Ladder says of a client whom nobody reaches what was tried, and offers what has not been: the next mode of
// contact, or the step that asks another agency.
export function Ladder({ concern, chosen, choose }: Props) {
  const t = useTexts("intake"), { choose: take } = useContext(StepPlace);
  const offered = ways.filter(({ step }) => !step || concern.availableActions.includes(step));
  const next = offered.find((rung) => !triedOn(concern, rung).tried)?.name;
  return (
    <section className="ladder" aria-labelledby="intake-ladder" data-ladder>
      <p>{t("repeated")}</p>
      <h4 id="intake-ladder">{t("ladder")}</h4>
      <ol>{offered.map((rung) => {
        const { tried, days } = triedOn(concern, rung), mode = nameOf(ContactModeSchema, rung.modes[0] ?? ContactMode.UNSPECIFIED);
        const name = t(`rung_${rung.name}`), picked = !rung.step && chosen === mode;
        return (
          <li key={rung.name} data-rung={rung.name} data-tried={tried || undefined}>
            <span aria-hidden="true" className="shape">{tried ? "✓" : "○"}</span>
            <span>{rung.name === next ? <strong>{name}</strong> : name}{" "}
              {days.length > 0 && <span className="quiet">{t("tried", { when: days.join(", ") })}</span>}
              {rung.name === next && <span className="quiet">{t("rungNext")}</span>}</span>
            <button type="button" className="plain" aria-label={`${t(picked ? "chosen" : "choose")}: ${name}`} aria-pressed={picked}
              onClick={() => (rung.step ? take(rung.step) : choose(mode))}>{t(picked ? "chosen" : "choose")}</button>
          </li>
        );
      })}</ol>
    </section>
  );
}
