import { Button } from "suomifi-ui-components";

import { useTexts } from "./language";
import { useTitle } from "./title";

// Failed stands where a page could not be shown. What was typed is kept, and there again.
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
