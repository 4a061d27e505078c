import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { limit } from "../../ui/dates";
import { Fold } from "./fold";
import { Course } from "./happened";
import { useNames } from "./names";
import { onDay, type OwnMatter } from "./ownmatter";

// Mistake shows what remains of a matter entered in error: that it existed, whose error it was,
// why, and who has removed it.
export function Mistake({ matter }: { matter: OwnMatter }) {
  const t = useTexts("own"), names = useNames(), { sender, revocation } = matter.mistake!, due = dateOf(revocation?.dueAt);
  return (
    <article className="card" data-subject={matter.subject} data-mistake>
      <p className="headline">{t("mistake_about", { sender: names.agencyOf(sender), date: onDay(matter.began) })}</p>
      {matter.ended && <p>{t("mistake_gone", { date: onDay(matter.ended) })}</p>}
      {revocation?.reason && <p>{t("mistake_reason", { reason: revocation.reason })}</p>}
      {revocation && revocation.holders.length > 0 && due && (
        <>
          <p>{t("mistake_must", { date: limit(due) })}</p>
          <ul className="dots">
            {revocation.holders.map(({ agency, acknowledgedAt }) => <li key={agency}>{acknowledgedAt
              ? t("copy_gone", { who: names.agency(agency), date: onDay(dateOf(acknowledgedAt)) })
              : t("copy_open", { who: names.agency(agency) })}</li>)}
          </ul>
        </>
      )}
      <Fold name="happened" title={t("happened")} level="h3"><Course subjects={[matter.subject]} /></Fold>
    </article>
  );
}
