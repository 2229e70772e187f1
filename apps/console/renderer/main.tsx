/**
 * renderer: what a person sees. In: the bridge that the preload has put there. Out: one page. Promised: it has no other way out, interprets
 * nothing as markup, and shows no figure as of now that is not.
 */
import '@mantine/core/styles.css';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/parts.css';
import './style/screens.css';
import './style/timeline.css';
import './style/edit.css';
import './style/map.css';
import { createRoot } from 'react-dom/client';
import { Root } from './root.tsx';
import { begin } from './store/app.ts';

const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? '';
// Where the library locks the page behind a dialog it writes a style element of its own; this is the name under which it looks.
Object.assign(globalThis, { __webpack_nonce__: nonce });

const place = document.getElementById('root');
if (place !== null) createRoot(place).render(<Root nonce={nonce} />);
void begin();
