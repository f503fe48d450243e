import { Page } from "../../parts/page";

export default function Arena() {
  return <Page title="Arena" />;
}
