import { createRoot } from "react-dom/client";
import { App } from "./app";
import { type Config, loadConfig } from "./config";
import { ConnectionProvider } from "./connection";
import { Page } from "./parts/page";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./parts/corners.css";
import "./style/outlines.css";

const root = createRoot(document.getElementById("root") as HTMLElement);

function show(config: Config): void {
  root.render(
    <ConnectionProvider config={config}>
      <App />
    </ConnectionProvider>,
  );
}

function refuse(error: Error): void {
  root.render(
    <main id="main">
      <Page title="Vision Arena is not set up yet" lead={error.message} />
    </main>,
  );
}

loadConfig().then(show, refuse);
