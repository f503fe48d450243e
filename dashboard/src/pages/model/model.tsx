import { Page } from "../../parts/page";

export default function Model({ id }: { id: string }) {
  return <Page title={id} />;
}
