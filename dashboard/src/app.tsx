import { lazy, Suspense } from "react";
import { Route, Router, Switch } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import "./app.css";
import { Masthead } from "./masthead";
import Arena from "./pages/arena/arena";
import { LostBanner } from "./parts/lost-banner";
import { Page } from "./parts/page";
import { Skeleton } from "./parts/skeleton";

// The first page alone is loaded at once.
const Live = lazy(() => import("./pages/live/live"));
const Battle = lazy(() => import("./pages/battle/battle"));
const Results = lazy(() => import("./pages/results/results"));
const Leaderboard = lazy(() => import("./pages/leaderboard/leaderboard"));
const Model = lazy(() => import("./pages/model/model"));
const SignIn = lazy(() => import("./pages/sign-in/sign-in"));

export function App() {
  return (
    <Router hook={useHashLocation}>
      <button type="button" className="skip-link" onClick={skipToMain}>
        Skip to the content
      </button>
      <Masthead />
      <main id="main" tabIndex={-1}>
        <Suspense fallback={<Loading />}>
          <Pages />
        </Suspense>
      </main>
      <footer className="footer small muted">
        <p>
          Vision Arena: two models, the same images, your hardware. A tie is called a tie. Free software under
          the AGPL.
        </p>
      </footer>
      <LostBanner />
    </Router>
  );
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={Arena} />
      <Route path="/live" component={Live} />
      <Route path="/battle/:jobId">{({ jobId }) => <Battle key={jobId} jobId={jobId} />}</Route>
      <Route path="/results" component={Results} />
      <Route path="/leaderboard" component={Leaderboard} />
      <Route path="/model/:id">{({ id }) => <Model key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/sign-in" component={SignIn} />
      <Route>
        <Page title="There is nothing here" lead="The link may be cut short. Start from the arena." />
      </Route>
    </Switch>
  );
}

function Loading() {
  return (
    <Page title="">
      <Skeleton height="60vh" />
    </Page>
  );
}

/** No link, for the address's hash is the route's. */
function skipToMain(): void {
  document.getElementById("main")?.focus();
}
