import { Page } from "../../parts/page";

export default function Leaderboard() {
  return <Page title="Leaderboard" />;
}
