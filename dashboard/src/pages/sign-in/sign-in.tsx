import { useEffect, useId, useState } from "react";
import { useLocation } from "wouter";
import { useConnection, useSession } from "../../connection";
import { Page } from "../../parts/page";
import { Skeleton } from "../../parts/skeleton";
import { Account } from "./account";
import { type Said, Saying } from "./saying";
import "./sign-in.css";

const WHY =
  "Battles that you start signed in are yours: others see their results, not their images, and you alone can cancel them.";

/** Who is signed in, or how to become it. */
export default function SignIn({ why = WHY }: { why?: string }) {
  const { config } = useConnection();
  const { user, loading } = useSession();
  if (config.signIn === "off")
    return <Page title="No accounts here" lead="Everybody may use this arena without signing in." />;
  if (loading)
    return (
      <Page title="Sign in" lead={why}>
        <Skeleton height={320} />
      </Page>
    );
  return user ? <Account email={user.email ?? "a user without an address"} why={WHY} /> : <Form why={why} />;
}

type Way = "in" | "up" | "link";

function Form({ why }: { why: string }) {
  const { supabase, failedLink } = useConnection();
  const [here, navigate] = useLocation();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const failed = failedLink.current;
  const [said, setSaid] = useState<Said>(failed === null ? null : { text: failed, isError: true });
  useEffect(() => {
    failedLink.current = null;
  }, [failedLink]);
  const id = useId();
  const go = async (way: Way) => {
    setBusy(true);
    setSaid(null);
    const { text, isError, isIn } = await enter(supabase.auth, way, email, password);
    setBusy(false);
    if (!isIn) setSaid({ text, isError });
    else if (here === "/sign-in") navigate("/");
  };
  return (
    <Page title="Sign in" lead={why}>
      <form
        className="sign-in card"
        onSubmit={(event) => {
          event.preventDefault();
          void go("in");
        }}
      >
        <label htmlFor={`${id}-email`}>Email</label>
        <input
          id={`${id}-email`}
          type="email"
          autoComplete="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <label htmlFor={`${id}-password`}>Password</label>
        <input
          id={`${id}-password`}
          type="password"
          autoComplete="current-password"
          value={password}
          aria-describedby={`${id}-said`}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Saying id={`${id}-said`} said={said} />
        <div className="row">
          <button type="submit" className="button button--primary" disabled={busy}>
            Sign in
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => void go("up")}>
            Create an account
          </button>
          <button type="button" className="button" disabled={busy} onClick={() => void go("link")}>
            Send me a link
          </button>
        </div>
      </form>
    </Page>
  );
}

type Auth = ReturnType<typeof useConnection>["supabase"]["auth"];

async function enter(auth: Auth, way: Way, email: string, password: string) {
  const emailRedirectTo = window.location.origin + window.location.pathname;
  if (!email.includes("@")) return { text: "Give your email address.", isError: true, isIn: false };
  if (way === "link") {
    const { error } = await auth.signInWithOtp({ email, options: { emailRedirectTo } });
    return {
      text: error?.message ?? `A link is on its way to ${email}. Open it in this browser.`,
      isError: error !== null,
      isIn: false,
    };
  }
  if (password === "") return { text: "Give a password.", isError: true, isIn: false };
  const { data, error } =
    way === "in"
      ? await auth.signInWithPassword({ email, password })
      : await auth.signUp({ email, password, options: { emailRedirectTo } });
  const isIn = !error && data.session !== null;
  return {
    text: error?.message ?? `Open the link that was sent to ${email}, then sign in.`,
    isError: error !== null,
    isIn,
  };
}
