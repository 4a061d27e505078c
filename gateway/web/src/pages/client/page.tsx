import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { InlineAlert } from "suomifi-ui-components";

import { dateOf } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import { limit } from "../../ui/dates";
import { useEmergency } from "../../ui/emergency";
import { shortId } from "../../ui/names";
import { AskedTimeline } from "../../ui/timeline/asked";
import texts from "../../texts/client.json";
import { Ask } from "./ask";
import { Consents } from "./consents";
import { Directives } from "./directives";
import { Matters } from "./matters";
import type { Sought } from "./read";
import { ReadOnly } from "./step";
import "./client.css";

addTexts("client", texts);

// ClientPage looks up a client over all services. It asks for the purpose first: each search has
// one, and each reading is recorded with it.
export function ClientPage() {
  const shell = useTexts("shell");
  useTitle(shell("client"));
  const { id } = useSearch({ strict: false }) as { id?: string }, navigate = useNavigate(), [sought, seek] = useState<Sought>();
  const found = (next: Sought) => {
    seek(next);
    if (next.clientId !== id) void navigate({ to: "/client", search: { id: next.clientId } });
  };
  // Another client is another search, with a purpose of its own.
  if (!sought || (id && sought.clientId !== id)) return <Ask key={id ?? ""} id={id} found={found} />;
  return <Client sought={sought} again={() => { seek(undefined); void navigate({ to: "/client", search: {} }); }} />;
}

function Client({ sought, again }: { sought: Sought; again: () => void }) {
  const t = useTexts("client"), heading = useRef<HTMLHeadingElement>(null), emergency = useEmergency(sought.clientId);
  const until = dateOf(emergency?.until);
  useEffect(() => heading.current?.focus(), [sought]);
  return (
    <div className="client-page" data-client={sought.clientId}>
      <h1 ref={heading} tabIndex={-1}>{t("client", { id: shortId(sought.clientId) })}</h1>
      <p className="quiet">
        {t("soughtFor", { purpose: sought.purpose })}{" "}
        <button type="button" className="plain screen-only" onClick={again}>{t("another")}</button>
      </p>
      {until && <InlineAlert data-emergency-until={until.toISOString()}>{t("emergencyUntil", { until: limit(until) })}</InlineAlert>}
      <ReadOnly value={emergency !== undefined}>
        <div className="client-columns">
          <div><Matters sought={sought} /><AskedTimeline id="client-timeline" of={sought} heading="h2" /></div>
          <div><Directives sought={sought} /><Consents sought={sought} /></div>
        </div>
      </ReadOnly>
    </div>
  );
}
