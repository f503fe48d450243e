import { Page } from "../../parts/page";

export default function Results() {
  return <Page title="Results" />;
}
