import { useState } from "react";
import { Button } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { Timeline } from "../../ui/timeline/timeline";
import type { Sought } from "./read";

// ClientTimeline is what happened in all of the client's matters; read when asked for.
export function ClientTimeline({ sought: { clientId, purpose } }: { sought: Sought }) {
  const t = useTexts("client"), [open, show] = useState(false);
  return (
    <section aria-labelledby="client-timeline">
      <h2 id="client-timeline">{t("timeline")}</h2>
      {open ? <Timeline of={{ clientId, purpose }} heading="h3" /> : <Button variant="secondary" onClick={() => show(true)} data-timeline>{t("showTimeline")}</Button>}
    </section>
  );
}
