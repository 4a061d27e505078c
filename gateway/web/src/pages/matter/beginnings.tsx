import { Link } from "@tanstack/react-router";

import { useTexts } from "../../app/language";
import { usePerson } from "../../app/session";

export const beginnings = ["consultation", "referral", "plan"] as const;

// Beginnings starts a new matter from this one: about the same client, in the same case.
export function Beginnings({ subject }: { subject: string }) {
  const t = useTexts("matter"), { role } = usePerson();
  if (role === "client" || role === "operator") return null;
  return (
    <nav aria-label={t("begin")} className="beginnings">
      <h3>{t("begin")}</h3>
      <ul>{beginnings.map((what) => <li key={what}>
        <Link to="/new/$what" params={{ what }} search={{ from: subject }} className="button" data-begin={what}>{t(`begin_${what}`)}</Link>
      </li>)}</ul>
    </nav>
  );
}
