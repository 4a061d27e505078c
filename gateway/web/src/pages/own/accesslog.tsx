import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Button, LoadingSpinner } from "suomifi-ui-components";

import { CaseworkService } from "koppi-contract/koppi/casework/v1/casework_pb";
import { useTexts } from "../../app/language";
import { Problem } from "../../ui/problem";
import { AccessDay } from "./accessday";
import { daysOf } from "./accesses";

const size = 200;

// AccessLog is the access log: who read or changed the client's data, by day, agency and reason.
export function AccessLog() {
  const t = useTexts("own"), shell = useTexts("shell");
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    CaseworkService.method.listAccesses, { pageSize: size, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined },
  );
  const accesses = data?.pages.flatMap((page) => page.accesses) ?? [];
  return (
    <>
      <p>{t("log_what")}</p>
      <p>{t("log_wrong")}</p>
      <Problem error={error} />
      {isPending && !error && <LoadingSpinner status="loading" variant="small" text={shell("loading")} />}
      {data && accesses.length === 0 && <p>{t("log_none")}</p>}
      {daysOf(accesses).map((one) => <AccessDay key={one.date} {...one} />)}
      <p role="status" className="quiet">{data && !hasNextPage && accesses.length > 0 && t("log_all")}</p>
      {hasNextPage && (
        <Button variant="secondary" disabled={isFetchingNextPage} data-more onClick={() => void fetchNextPage()}>{t("log_more")}</Button>
      )}
    </>
  );
}
