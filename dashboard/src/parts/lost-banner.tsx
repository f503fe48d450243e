import { useHubState } from "../live/use-live-query";
import "./lost-banner.css";

/** Says that what is shown is polled. Over the page, so that nothing moves. */
export function LostBanner() {
  const lost = useHubState() === "lost";
  return (
    <div role="status" className={lost ? "lost-banner lost-banner--shown" : "lost-banner"}>
      {lost && "Live updates are interrupted. The page looks every 5 seconds and catches up by itself."}
    </div>
  );
}
