import "./model-name.css";

interface ModelNameProps {
  id: string;
  /** Its corner, whose colour it wears. */
  side?: "a" | "b" | undefined;
}

export function ModelName({ id, side }: ModelNameProps) {
  const [name, runtime] = id.split("@");
  return (
    <span className={side ? `model-name model-name--${side}` : "model-name"}>
      {side && <span className="model-name__corner">{side.toUpperCase()}</span>}
      {name}
      {runtime && <span className="model-name__runtime">@{runtime}</span>}
    </span>
  );
}
