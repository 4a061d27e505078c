import { Link, Navigate, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { useClock } from "../../app/clock";
import { addTexts, useTexts, useWords } from "../../app/language";
import { Problem } from "../../ui/problem";
import { idOf, kindOf, shortId } from "../../ui/names";
import texts from "../../texts/new.json";
import { NewConcern } from "./concern";
import { NewConsultation } from "./consultation";
import { useOrigin, type Origin } from "./origin";
import { NewPlan } from "./plan";
import { Receipt, type Sent } from "./receipt";
import { NewReferral } from "./referral";
import "./new.css";

addTexts("new", texts);

const forms = { concern: NewConcern, referral: NewReferral, consultation: NewConsultation, plan: NewPlan };

interface Search { from?: string; sent?: string; about?: "child" }

// NewPage begins a matter: a concern report, a referral, a consultation or a plan. A matter that
// follows from another keeps its client and case. Once it was sent, the page is its receipt.
export function NewPage() {
  const { what } = useParams({ strict: false }) as { what: string };
  const { from, sent: subject, about } = useSearch({ strict: false }) as Search;
  const shell = useTexts("shell"), { data: origin, error, isLoading } = useOrigin(from), clock = useClock(), navigate = useNavigate();
  const [sent, setSent] = useState<Sent>(), Form = forms[what as keyof typeof forms];
  if (!Form) return <Navigate to="/" replace />;
  if (subject) {
    if (sent?.subject === subject) return <div className="beginning"><Receipt sent={sent} /></div>;
    // A receipt is shown once; later the matter itself says more.
    return <Navigate to="/sent/$kind/$id" params={{ kind: kindOf(subject), id: idOf(subject) }} search={{}} replace />;
  }
  const arrived = (one: Sent) => {
    setSent(one);
    void navigate({ to: "/new/$what", params: { what }, search: { sent: one.subject }, replace: true });
  };
  // The initial values contain the domain's time, so the clock is read first.
  if (isLoading || !clock) return <p className="quiet">{shell("loading")}</p>;
  return (
    <div className="beginning">
      {error && <Problem error={error} />}
      {origin && <FollowsFrom origin={origin} />}
      <Form key={`${what} ${origin?.subject ?? ""} ${about ?? ""}`} origin={origin ?? undefined} about={about} arrived={arrived} />
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
