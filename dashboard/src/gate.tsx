import { lazy, type ReactNode } from "react";
import { useConnection, useSession } from "./connection";
import { Loading } from "./parts/loading";
import { Page } from "./parts/page";
import { useSettings } from "./settings";

const SignIn = lazy(() => import("./pages/sign-in/sign-in"));

/** In front of all pages: a private arena shows nothing to who is not signed in, so it says that instead. */
export function Gate({ children }: { children: ReactNode }) {
  const { config } = useConnection();
  const { user, loading } = useSession();
  const isPrivate = useSettings()?.private ?? false;
  if (user || !(isPrivate || config.signIn === "required")) return children;
  if (config.signIn === "off")
    return (
      <Page
        title="This arena is private"
        lead="And this page has no sign-in. Who owns it sets signIn to required in its config.json."
      />
    );
  if (loading) return <Loading />;
  return <SignIn why="This arena is private: sign in to see it and to start battles." />;
}
