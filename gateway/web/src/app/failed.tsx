import { Button } from "suomifi-ui-components";

import { useTexts } from "./language";
import { useTitle } from "./title";

// Failed replaces a page that could not be shown. Drafts are kept.
export function Failed() {
  const t = useTexts("shell");
  useTitle(t("failed"));
  return (
    <div role="alert">
      <h1>{t("failed")}</h1>
      <p>{t("failedThen")}</p>
      <Button type="button" onClick={() => location.reload()}>{t("reload")}</Button>
    </div>
  );
}
