import { Page } from "./page";
import { Skeleton } from "./skeleton";

/** Holds the place of a page that is not known yet. */
export function Loading() {
  return (
    <Page title="">
      <Skeleton height="60vh" />
    </Page>
  );
}
