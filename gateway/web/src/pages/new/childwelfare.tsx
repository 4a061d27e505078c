import { Link } from "@tanstack/react-router";
import { InlineAlert } from "suomifi-ui-components";

import { useTexts } from "../../app/language";

// ChildWelfare leads from a report about an adult to the child welfare notification, which is about the
// child and has a form of its own.
export function ChildWelfare() {
  const t = useTexts("new");
  return (
    <InlineAlert labelText={t("childWelfare")}>
      <p>{t("childWelfareThen")}</p>
      <Link className="fi-link--router" to="/new/$what" params={{ what: "concern" }} search={{ about: "child" }} target="_blank"
        data-child-welfare>{t("childWelfareBegin")}</Link>
    </InlineAlert>
  );
}
