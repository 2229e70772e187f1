import { expect, test } from 'vitest';
import { above, beneath, rawPathFromBytes, rawPathFromText, shownPath } from './raw-path.ts';

test('a path is what its bytes are', () => {
  expect(rawPathFromText('/srv/ü')).toEqual({ text: '/srv/ü', bytes: btoa('/srv/\u00c3\u00bc') });
  const odd = rawPathFromBytes(Uint8Array.of(0x2f, 0xff));
  expect([atob(odd.bytes), shownPath(odd)]).toEqual(['/\u00ff', '/\\xff']);
});

test('one goes down and up', () => {
  const root = rawPathFromText('/');
  const srv = beneath(root, rawPathFromText('srv'));
  const data = beneath(srv, rawPathFromBytes(Uint8Array.of(0xff)));
  expect([srv.text, shownPath(data)]).toEqual(['/srv', '/srv/\\xff']);
  expect([above(data)?.text, above(srv)?.text, above(root)]).toEqual(['/srv', '/', null]);
  expect(above(rawPathFromText('/srv/'))?.text).toBe('/');
});
