/** The one page, with what differs from load to load put into it. In: the built page. Out: the page, and the headers that bind it. Pure. */

/** Nothing from anywhere but our own files, and no socket: whatever a sentence from an agent holds, it has nowhere to go. */
export function contentSecurityPolicy(nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    // The component library writes its variables into one style element; the nonce is of this load only.
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'none'`,
    `object-src 'none'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}

/**
 * None about openers: no page can open another, and for that header alone Chromium would throw the page's process away and start a second one.
 */
export function securityHeaders(nonce: string): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(nonce),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  };
}

export interface PageFacts {
  readonly nonce: string;
  readonly scheme: 'light' | 'dark';
  readonly language: string;
}

/** The colour scheme stands in the page before any script runs: a dark window never flashes white. */
export function filledPage(html: string, { nonce, scheme, language }: PageFacts): string {
  return html
    .replace('<html', `<html data-mantine-color-scheme="${scheme}"`)
    .replace('lang="en"', `lang="${language === 'de' ? 'de' : 'en'}"`)
    .replace('content="NONCE"', `content="${nonce}"`);
}
