import { createRoot } from "react-dom/client";
import { App } from "./app";
import { loadConfig } from "./config";
import { type Connection, ConnectionProvider, openConnection } from "./connection";
import { askAhead } from "./pages/arena/ask-ahead";
import { Page } from "./parts/page";
import { settingsQuery } from "./settings";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./parts/corners.css";
import "./style/outlines.css";

const root = createRoot(document.getElementById("root") as HTMLElement);

function show(connection: Connection): void {
  void connection.queries.prefetchQuery(settingsQuery(connection.supabase));
  if (/^(#\/?)?$/.test(window.location.hash)) askAhead(connection);
  root.render(
    <ConnectionProvider connection={connection}>
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

loadConfig().then(openConnection).then(show, refuse);
