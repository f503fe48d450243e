import { Component, type ReactNode } from "react";
import { Page } from "./page";

interface BoundaryProps {
  /** Another place is another page, to be tried anew. */
  place: string;
  children: ReactNode;
}

interface BoundaryState {
  error: Error | null;
}

/** Keeps a fault of one page from taking all of them; most often it is an old page after a new one was deployed. */
export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null };

  static getDerivedStateFromError(error: Error): BoundaryState {
    return { error };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (this.state.error && before.place !== this.props.place) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Page title="This page broke" lead="It may be older than what the server has now: load it anew.">
        <div>
          <button type="button" className="button button--primary" onClick={() => window.location.reload()}>
            Load anew
          </button>
        </div>
        <p className="muted small">{error.message}</p>
      </Page>
    );
  }
}
