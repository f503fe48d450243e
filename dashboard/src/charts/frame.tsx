import { type ReactNode, useEffect, useRef, useState } from "react";
import "./charts.css";

interface FrameProps {
  /** In pixels; held from the start, so that nothing moves. */
  height: number;
  /** What the picture says, in words. */
  label: string;
  children: (width: number) => ReactNode;
}

/** An SVG as wide as its place, drawn anew when that changes, so that letters keep their size. */
export function Frame({ height, label, children }: FrameProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    if (place.current) observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={place} className="chart" style={{ height }}>
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          {children(width)}
        </svg>
      )}
    </div>
  );
}
