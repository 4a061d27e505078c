import { Link, Navigate, useParams, useSearch } from "@tanstack/react-router";

import { useClock } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import { Problem } from "../../ui/problem";
import { idOf, kindOf, shortId } from "../../ui/names";
import texts from "../../texts/new.json";
import { NewConcern } from "./concern";
import { NewConsultation } from "./consultation";
import { useOrigin, type Origin } from "./origin";
import { NewPlan } from "./plan";
import { NewReferral } from "./referral";
import "./new.css";

addTexts("new", texts);

const forms = { concern: NewConcern, referral: NewReferral, consultation: NewConsultation, plan: NewPlan };

// NewPage begins a matter: a concern report, a referral, a consultation or a plan. A matter that
// follows from another keeps its client and case.
export function NewPage() {
  const { what } = useParams({ strict: false }) as { what: string }, { from } = useSearch({ strict: false }) as { from?: string };
  const shell = useTexts("shell"), { data: origin, error, isLoading } = useOrigin(from), clock = useClock();
  const Form = forms[what as keyof typeof forms];
  if (!Form) return <Navigate to="/" replace />;
  // The initial values contain the domain's time, so the clock is read first.
  if (isLoading || !clock) return <p className="quiet">{shell("loading")}</p>;
  return (
    <div className="beginning">
      {error && <Problem error={error} />}
      {origin && <FollowsFrom origin={origin} />}
      <Form key={`${what} ${origin?.subject ?? ""}`} origin={origin ?? undefined} />
    </div>
  );
}

function FollowsFrom({ origin }: { origin: Origin }) {
  const t = useTexts("new"), word = useWords(), kind = kindOf(origin.subject);
  return (
    <p className="follows">
      {t("follows")} <Link to="/work/$kind/$id" params={{ kind, id: idOf(origin.subject) }} search={{}}>
        {word(kind)}
        {origin.topics.length > 0 && `: ${origin.topics.map(word).join(", ")}`}
      </Link>
      {origin.clientId && <>. {t("followsClient", { id: shortId(origin.clientId) })}</>}
    </p>
  );
}
