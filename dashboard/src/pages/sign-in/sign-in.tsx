import { Page } from "../../parts/page";

export default function SignIn() {
  return <Page title="SignIn" />;
}
