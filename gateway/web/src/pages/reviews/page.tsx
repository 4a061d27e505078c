import { useQuery } from "@connectrpc/connect-query";
import { keepPreviousData } from "@tanstack/react-query";
import { useRef, useState, type ReactNode } from "react";
import { Button, LoadingSpinner } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import type { EmergencyReading } from "koppi-contract/koppi/casework/v1/people_pb";
import { useNow } from "../../app/clock";
import { addTexts, useTexts } from "../../app/language";
import { isOwn, readReviewsAgain, useUnreviewed } from "../../app/reviews";
import { usePerson } from "../../app/session";
import { useTitle } from "../../app/title";
import texts from "../../texts/reviews.json";
import { Problem } from "../../ui/problem";
import { Reading } from "./reading";
import "./reviews.css";

addTexts("reviews", texts);

// So many readings are shown at first, and added each time.
const some = 50, most = 1000;

// ReviewsPage shows the readings in an emergency: first those that the user has to review, then reviewed ones
// and the user's own.
export function ReviewsPage() {
  const t = useTexts("reviews"), shell = useTexts("shell"), person = usePerson(), now = useNow();
  const [size, setSize] = useState(some), [told, tell] = useState(""), heading = useRef<HTMLHeadingElement>(null);
  const unreviewed = useUnreviewed();
  const { data, error, isLoading } = useQuery(
    CaseworkService.method.listEmergencyReadings, { pageSize: size }, { staleTime: 0, placeholderData: keepPreviousData },
  );
  useTitle(shell("reviews"));
  const all = data?.readings ?? [], waiting = (unreviewed.data?.readings ?? []).filter((one) => !isOwn(one, person));
  const reviewed = all.filter((one) => one.reviewedAt && !isOwn(one, person)), own = all.filter((one) => isOwn(one, person));
  const done = async () => {
    await readReviewsAgain();
    tell(t("reviewedNow"));
    heading.current?.focus();
  };
  const lines = (some: EmergencyReading[], review = false) => (
    <ul className="readings">{some.map((one) => (
      <Reading key={one.emergencyReadingId} reading={one} now={now} own={isOwn(one, person)}
        done={review ? () => void done() : undefined} />
    ))}</ul>
  );
  return (
    <div className="reviews">
      <h1>{shell("reviews")}</h1>
      <p className="quiet intro">{t("intro")}</p>
      <Problem error={unreviewed.error ?? error} focus={false} />
      {(isLoading || unreviewed.isLoading) && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      <p role="status" className="told">{told}</p>
      {unreviewed.data && (
        <Part name="waiting" title={<h2 id="reviews-waiting" ref={heading} tabIndex={-1}>{t("waiting", { number: waiting.length })}</h2>}>
          {waiting.length ? lines(waiting, true) : <p>{t("noneWaiting")}</p>}
        </Part>
      )}
      {data && reviewed.length > 0 && <Part name="reviewed" title={<h2 id="reviews-reviewed">{t("reviewed")}</h2>}>{lines(reviewed)}</Part>}
      {data && <Part name="own" title={<h2 id="reviews-own">{t("own")}</h2>}>
        {own.length ? lines(own) : <p className="quiet">{t("noneOwn")}</p>}
      </Part>}
      {data?.nextPageToken && size < most && (
        <Button variant="secondary" onClick={() => setSize(Math.min(most, size + some))}>{t("more")}</Button>
      )}
    </div>
  );
}

function Part({ name, title, children }: { name: string; title: ReactNode; children: ReactNode }) {
  return <section aria-labelledby={`reviews-${name}`} data-section={name}>{title}{children}</section>;
}
