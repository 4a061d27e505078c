import type { Override, Wishes } from "koppi-contract/koppi/consent/v1/wishes_pb";
import { dateOf, useNow } from "../../app/clock";
import { useTexts } from "../../app/language";
import { moment } from "../../ui/dates";
import { useProvision } from "../../ui/provision";
import { Dots } from "./dots";
import { useNames } from "./names";
import { onDay } from "./ownmatter";

// Blocked lists the sendings that prohibitions have stopped, those that the law let pass, and those
// admitted in spite of them.
export function Blocked({ directives }: { directives: Wishes | undefined }) {
  const t = useTexts("own"), names = useNames(), provision = useProvision(), overrides = directives?.overrides ?? [];
  const blocked = (directives?.blocked ?? []).filter(({ sent }) => !sent), passed = (directives?.blocked ?? []).filter(({ sent }) => sent);
  return (
    <>
      {blocked.length > 0 && (
        <section className="own-part" aria-labelledby="own-blocked" data-blocked>
          <h3 id="own-blocked">{t("blocked")}</h3>
          <Dots lines={blocked.map(({ at, by, receiver }) =>
            t("blocked_one", { date: moment(dateOf(at)!), who: names.full(by), receiver: names.agency(receiver) }))} />
        </section>
      )}
      {passed.length > 0 && (
        <section className="own-part" aria-labelledby="own-passed" data-passed>
          <h3 id="own-passed">{t("passed")}</h3>
          <Dots lines={passed.map(({ at, by, receiver, provision: law }) => t("passed_one", {
            date: moment(dateOf(at)!), who: names.full(by), receiver: names.agency(receiver), law: provision(law),
          }))} />
        </section>
      )}
      {overrides.length > 0 && (
        <section className="own-part" aria-labelledby="own-overrides">
          <h3 id="own-overrides">{t("overrides")}</h3>
          <ul className="cards">{overrides.map((one) => <li key={one.overrideId}><Exception override={one} /></li>)}</ul>
        </section>
      )}
    </>
  );
}

function Exception({ override }: { override: Override }) {
  const t = useTexts("own"), names = useNames(), now = useNow(), used = dateOf(override.usedAt), until = dateOf(override.until);
  const lapsed = until !== undefined && until < now, provision = useProvision();
  return (
    <article className="card">
      <p>{t("override_asked", {
        date: onDay(dateOf(override.requestedAt)), who: names.full(override.requestedBy), receiver: names.agency(override.receiver),
      })}</p>
      <p>{t("override_reason", { reason: override.reason })} <span className="quiet">{provision(override.provision)}</span></p>
      <p className="headline">{override.decidedAt ? t(override.approved ? "override_approved" : "override_refused")
        : t(lapsed ? "override_lapsed" : "override_open")}</p>
      {used && <p>{t("override_used", { date: onDay(used) })}</p>}
    </article>
  );
}
