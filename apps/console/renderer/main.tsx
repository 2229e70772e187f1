/**
 * renderer: what a person sees. In: the bridge that the preload has put there. Out: one page. Promised: it has no other way out, interprets
 * nothing as markup, and shows no figure as of now that is not.
 */
import { asked, takeBatches } from './early.ts';
import '@mantine/core/styles.css';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/parts.css';
import './style/screens.css';
import './style/timeline.css';
import './style/edit.css';
import './style/map.css';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { invoke } from './bridge.ts';
import { Root } from './root.tsx';
import { begin } from './store/app.ts';

const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? '';
// Where the library locks the page behind a dialog it writes a style element of its own; this is the name under which it looks.
Object.assign(globalThis, { __webpack_nonce__: nonce });

/** A page that waits longer than this says so. */
const PATIENCE_MS = 300;

const place = document.getElementById('root');
const root = place === null ? null : createRoot(place);
const draw = (): void => root?.render(<Root nonce={nonce} />);
const patience = setTimeout(draw, PATIENCE_MS);
/** By the frame after the next one it has been drawn: how long a start takes is measured by it, and servers are called only then. */
function drawn(): void {
  performance.mark('shown');
  void invoke('drawn', {});
}

void asked.then((snapshot) => {
  clearTimeout(patience);
  begin(snapshot, takeBatches);
  flushSync(draw);
  requestAnimationFrame(() => requestAnimationFrame(drawn));
});
