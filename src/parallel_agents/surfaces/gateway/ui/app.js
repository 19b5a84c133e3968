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
import { LettersPage } from './letters_page.js';
import { CostPage } from './cost_page.js';
import { AgentPage, AgentsPage } from './agents_page.js';
import { HealthPage } from './health_page.js';
import { AuditPage } from './audit_page.js';
import { BoardsPage } from './boards_page.js';
import { ComparePage } from './compare_page.js';
import { Palette } from './palette.js';

function Page() {
  const { page, name, tab } = route.value;
  if (page === 'runs') return html`<${RunsPage} />`;
  if (page === 'run' && name) return html`<${RunPage} key=${name} name=${name} />`;
  if (page === 'session' && name) return html`<${SessionPage} key=${name} name=${name} />`;
  if (page === 'needs') return html`<${NeedsPage} />`;
  if (page === 'letters') return html`<${LettersPage} />`;
  if (page === 'cost') return html`<${CostPage} />`;
  if (page === 'agents' && (name === 'agent' || name === 'team') && tab) return html`<${AgentPage} key=${`${name} ${tab}`} kind=${name} name=${tab} />`;
  if (page === 'agents') return html`<${AgentsPage} />`;
  if (page === 'health') return html`<${HealthPage} />`;
  if (page === 'boards') return html`<${BoardsPage} />`;
  if (page === 'compare' && name && tab) return html`<${ComparePage} key=${`${name} ${tab}`} a=${name} b=${tab} />`;
  if (page === 'audit') return html`<${AuditPage} />`;
  return html`<div class="card"><h1>There is no such page</h1><p>The runs are a place to begin.</p><p><a href=${href('runs')}>Go to the runs</a></p></div>`;
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
  render(html`<${Shell}><${Page} /><${Palette} /><//>`, root);
}
