import { Page } from "../../parts/page";

export default function Battle({ jobId }: { jobId: string }) {
  return <Page title={jobId} />;
}
