import { InlineAlert } from "suomifi-ui-components";

import { dateOf } from "../../app/clock";
import { useTexts } from "../../app/language";
import { limit } from "../../ui/dates";
import { useReadOnly } from "../../ui/emergency";

// ReadInEmergency says of a matter that is read in an emergency why it offers no step.
export function ReadInEmergency({ matter }: { matter: NonNullable<Parameters<typeof useReadOnly>[0]> }) {
  const t = useTexts("matter"), until = dateOf(useReadOnly(matter)?.until);
  return until && <InlineAlert data-read-only>{t("readInEmergency", { until: limit(until) })}</InlineAlert>;
}
