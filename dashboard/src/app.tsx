import { lazy, Suspense } from "react";
import { type AroundNavHandler, Link, Route, Router, Switch, useLocation } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import "./app.css";
import { Gate } from "./gate";
import { Masthead } from "./masthead";
import Arena from "./pages/arena/arena";
import { Boundary } from "./parts/boundary";
import { Loading } from "./parts/loading";
import { LostBanner } from "./parts/lost-banner";
import { Page } from "./parts/page";

// The first page alone is loaded at once.
const Live = lazy(() => import("./pages/live/live"));
const Battle = lazy(() => import("./pages/battle/battle"));
const Results = lazy(() => import("./pages/results/results"));
const Leaderboard = lazy(() => import("./pages/leaderboard/leaderboard"));
const Model = lazy(() => import("./pages/model/model"));
const SignIn = lazy(() => import("./pages/sign-in/sign-in"));

export function App() {
  return (
    <Router hook={useHashLocation} aroundNav={startAtTheTop}>
      <button type="button" className="skip-link" onClick={focusMain}>
        Skip to the content
      </button>
      <Masthead />
      <main id="main" tabIndex={-1}>
        <Pages />
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
  const [here] = useLocation();
  return (
    <Boundary place={here}>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/sign-in">
            <SignIn />
          </Route>
          <Route>
            <Gate>
              <Contents />
            </Gate>
          </Route>
        </Switch>
      </Suspense>
    </Boundary>
  );
}

function Contents() {
  return (
    <Switch>
      <Route path="/" component={Arena} />
      <Route path="/live" component={Live} />
      <Route path="/battle/:jobId">{({ jobId }) => <Battle key={jobId} jobId={jobId} />}</Route>
      <Route path="/results" component={Results} />
      <Route path="/leaderboard/:machine?">
        {({ machine = "" }) => <Leaderboard asked={decoded(machine)} />}
      </Route>
      <Route path="/model/:id">{({ id }) => <Model key={id} id={decoded(id)} />}</Route>
      <Route>
        <Page title="There is nothing here" lead="The link may be cut short.">
          <Link href="/" className="button button--primary">
            To the arena
          </Link>
        </Page>
      </Route>
    </Switch>
  );
}

/** The router leaves some escapes as they are; a link that was cut short may end in half a letter. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As a browser does it with pages of their own: from the top, and a screen reader reads on there. */
const startAtTheTop: AroundNavHandler = (navigate, to, options) => {
  navigate(to, options);
  if (options?.replace) return; // the same page, with another choice on it
  window.scrollTo(0, 0);
  focusMain();
};

/** No link, for the address's hash is the route's. */
function focusMain(): void {
  document.getElementById("main")?.focus({ preventScroll: true });
}
