import { useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { LoadingSpinner } from "suomifi-ui-components";

import { addTexts, useTexts } from "../../app/language";
import texts from "../../texts/matter.json";
import type { Kind } from "../../ui/names";
import { ConcernMatter } from "./concern";
import { ReferralMatter } from "./referral";
import "./matter.css";

addTexts("matter", texts);

const ConsultationMatter = lazy(() => import("../consultation/matter").then((page) => ({ default: page.ConsultationMatter })));
const PlanMatter = lazy(() => import("../plan/matter").then((page) => ({ default: page.PlanMatter })));

// MatterPage shows one matter, of any of the four services.
export function MatterPage() {
  const { kind, id } = useParams({ strict: false }) as { kind: Kind; id: string }, shell = useTexts("shell");
  const Matter = { concerns: ConcernMatter, referrals: ReferralMatter, consultations: ConsultationMatter, plans: PlanMatter }[kind];
  return (
    <Suspense fallback={<LoadingSpinner status="loading" variant="small" text={shell("loading")} />}>
      <Matter key={id} id={id} />
    </Suspense>
  );
}
