import { Button } from "suomifi-ui-components";

import { useTexts } from "../../app/language";

// AskMore unfolds what a report may say besides.
export function AskMore({ unfold }: { unfold: () => void }) {
  const t = useTexts("new");
  return <Button type="button" variant="secondaryNoBorder" onClick={unfold} data-ask-more>{t("askMore")}</Button>;
}
