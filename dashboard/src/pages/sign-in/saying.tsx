export type Said = { text: string; isError: boolean } | null;

/** What came of it. Its place is held from the start, so that nothing moves. */
export function Saying({ id, said }: { id: string; said: Said }) {
  const className = said?.isError ? "sign-in__said sign-in__said--error" : "sign-in__said";
  return (
    <p id={id} role="status" className={className}>
      {said?.text}
    </p>
  );
}
