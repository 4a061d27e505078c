import { useNavigate, useSearch } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { addTexts, useTexts } from "../../app/language";
import { useTitle } from "../../app/title";
import texts from "../../texts/own.json";
import { AccessLog } from "./accesslog";
import { Again } from "./again";
import { Alarm } from "./call";
import { Consents } from "./consents";
import { useWaiting } from "./directives";
import { Fold } from "./fold";
import { Past, Situations } from "./matters";
import { OwnPlan } from "./plan";
import { useOwn } from "./reading";
import { views, type View } from "./views";
import { Waiting, WaitingNotice } from "./waiting";
import "./own.css";

addTexts("own", texts);

const parts: Record<View, () => React.ReactNode> = { plan: OwnPlan, consents: Consents, looked: AccessLog };

// OwnPage is the client's page. It answers first what happens now, and whom to call. Each other part is
// folded, and read when it is opened, because each reading is recorded.
export function OwnPage() {
  const t = useTexts("own"), own = useOwn(), waiting = useWaiting(), queries = useQueryClient();
  useTitle(t("title"));
  return (
    <div className="own">
      <h1>{t("title")}</h1>
      <WaitingNotice waiting={waiting} />
      <Situations own={own} />
      <Waiting waiting={waiting} />
      <Again readAt={own.readAt} again={() => void queries.invalidateQueries()} />
      <div className="folds">
        <Views />
        <Past own={own} />
      </div>
      <p className="emergency">{t("emergency")} <Alarm /></p>
    </div>
  );
}

// Views are the folds that the address can open. The one that was opened last is in the address, so that
// it is open again after a new sign-in.
function Views() {
  const t = useTexts("own"), { show } = useSearch({ from: "/own" }), navigate = useNavigate();
  const [open, setOpen] = useState<View[]>(show ? [show] : []);
  const change = (view: View, opened: boolean) => {
    setOpen((before) => (opened ? [...before, view] : before.filter((one) => one !== view)));
    void navigate({ to: "/own", search: { show: opened ? view : undefined }, replace: true, resetScroll: false });
  };
  return views.map((view) => {
    const Part = parts[view];
    return <Fold key={view} name={view} title={t(`view_${view}`)} level="h2" open={open.includes(view)}
      change={(opened) => change(view, opened)}><Part /></Fold>;
  });
}
