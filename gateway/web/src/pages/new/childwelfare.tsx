import { Link } from "@tanstack/react-router";
import { InlineAlert } from "suomifi-ui-components";

import { useTexts } from "../../app/language";
import { useDirectory } from "../../ui/party";
import { telephone } from "../../ui/phone";

// ChildWelfare leads from a report about an adult to the child welfare notification, which is about the
// child and has a form of its own, and to where the receiver takes such notifications besides.
export function ChildWelfare({ agency }: { agency?: string }) {
  const t = useTexts("new"), { phone, url } = useDirectory().agencies.find((one) => one.agency === agency)?.childWelfare ?? {};
  return (
    <InlineAlert labelText={t("childWelfare")}>
      <p>{t("childWelfareThen")}</p>
      <Link className="fi-link--router" to="/new/$what" params={{ what: "concern" }} search={{ about: "child" }} target="_blank"
        data-child-welfare>{t("childWelfareBegin")}</Link>
      {phone && <p>{t("childWelfareRing")} <a href={telephone(phone)} data-call="child-welfare">{phone}</a></p>}
      {url && <p><a href={url} target="_blank" rel="noopener noreferrer">{t("childWelfareOnline")}</a></p>}
    </InlineAlert>
  );
}
