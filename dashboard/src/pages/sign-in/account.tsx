import { useId, useState } from "react";
import { useConnection } from "../../connection";
import { Page } from "../../parts/page";
import { type Said, Saying } from "./saying";

/** Who is signed in: a new password, and the way out. */
export function Account({ email, why }: { email: string; why: string }) {
  const { supabase } = useConnection();
  const [password, setPassword] = useState("");
  const [said, setSaid] = useState<Said>(null);
  const id = useId();
  const change = async () => {
    const { error } = await supabase.auth.updateUser({ password });
    setSaid({ text: error?.message ?? "The password is set.", isError: error !== null });
    if (!error) setPassword("");
  };
  const signOut = async () => {
    const { error } = await supabase.auth.signOut();
    if (error) setSaid({ text: error.message, isError: true });
  };
  return (
    <Page title="Your account" lead={`You are signed in as ${email}. ${why}`}>
      <form
        className="sign-in card"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <label htmlFor={`${id}-password`}>New password</label>
        <input
          id={`${id}-password`}
          type="password"
          autoComplete="new-password"
          required
          value={password}
          aria-describedby={`${id}-said`}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Saying id={`${id}-said`} said={said} />
        <div className="row">
          <button type="submit" className="button">
            Set the password
          </button>
          <button type="button" className="button button--primary" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </form>
    </Page>
  );
}
