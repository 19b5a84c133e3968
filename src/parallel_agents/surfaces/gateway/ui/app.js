// @ts-check
/** App: the page of the gateway. */
import { html, render } from './view.js';
import { takeToken } from './api.js';
import { start } from './live.js';
import { href, read, route } from './router.js';
import { follow, Shell } from './shell.js';
import { RunsPage } from './runs_page.js';
import { RunPage } from './run_page.js';
import { SessionPage } from './session_page.js';
import { NeedsPage } from './needs_page.js';

function Page() {
  const { page, name } = route.value;
  if (page === 'runs') return html`<${RunsPage} />`;
  if (page === 'run' && name) return html`<${RunPage} key=${name} name=${name} />`;
  if (page === 'session' && name) return html`<${SessionPage} key=${name} name=${name} />`;
  if (page === 'needs') return html`<${NeedsPage} />`;
  return html`<div class="card"><h1>There is no such page</h1><p><a href=${href('runs')}>The runs</a> are a place to begin.</p></div>`;
}

/** A link with a token may be opened in a tab that is there already. */
function enter() {
  if (!takeToken()) return;
  read();
  start();
}

takeToken();
read();
follow();
start();
addEventListener('hashchange', enter);
const root = document.getElementById('app');
if (root) {
  root.replaceChildren();
  render(html`<${Shell}><${Page} /><//>`, root);
}
