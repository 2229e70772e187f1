import { expect, test } from 'vitest';
import { contentSecurityPolicy, filledPage, securityHeaders } from './page.ts';

test('the policy lets nothing in from elsewhere, and no inline script or style but the one of this load', () => {
  const policy = contentSecurityPolicy('abc');
  expect(policy).not.toMatch(/unsafe|https?:|\*|blob:/);
  expect(policy).toContain(`default-src 'none'`);
  expect(policy).toContain(`connect-src 'none'`);
  expect(policy).toContain(`style-src 'self' 'nonce-abc'`);
  expect(policy).toMatch(/script-src 'self'(;|$)/);
  expect(securityHeaders('abc')['content-security-policy']).toBe(policy);
});

test('the page has the nonce, the scheme and the language of its load', () => {
  const html = '<html lang="en"><meta name="csp-nonce" content="NONCE"></html>';
  expect(filledPage(html, { nonce: 'n', scheme: 'dark', language: 'de' })).toBe(
    '<html data-mantine-color-scheme="dark" lang="de"><meta name="csp-nonce" content="n"></html>',
  );
  expect(filledPage(html, { nonce: 'n', scheme: 'light', language: '"><script>' })).toContain('lang="en"');
});
