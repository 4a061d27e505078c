import { lazy, Suspense } from "react";

import { patiently } from "../../../app/patiently";
import { useTexts } from "../../../app/language";
import type { Drawn } from "../../../ui/form/fields";

const PaperChoices = lazy(async () => ({ default: (await patiently(() => import("./paperchoices"))).PaperChoices }));

// Papers asks which kinds of documents are asked for, or added. What is added beside them has a field of its own.
export function Papers({ asks = false, ...drawn }: Drawn & { asks?: boolean }) {
  const t = useTexts("thread");
  return <Suspense>
    {asks ? <PaperChoices {...drawn} label={t("papersAsked")} />
      : <PaperChoices {...drawn} label={t("papersAdded")} without={["other"]} />}
  </Suspense>;
}
