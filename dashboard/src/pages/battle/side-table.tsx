import { ModelName } from "../../parts/model-name";
import type { SideBySide } from "../../result/facts";
import type { Names } from "./result-view";

interface SideTableProps {
  caption: string;
  names: Names;
  lines: readonly SideBySide[];
}

/** Facts of both models beside each other. */
export function SideTable({ caption, names, lines }: SideTableProps) {
  return (
    <table className="side-table">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">
            <ModelName id={names.a} side="a" />
          </th>
          <th scope="col">
            <ModelName id={names.b} side="b" />
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(([name, a, b]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{a}</td>
            <td>{b}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
