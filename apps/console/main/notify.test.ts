import { expect, test } from 'vitest';
import { statusOf } from '../testing.ts';
import { attentionOf, plain, worstLight } from './notify.ts';
import { drawLight } from './tray-light.ts';

test('a person is called once, at the change, and never for what was so before', () => {
  const halted = statusOf({ state: 'halted', reason: { code: 'root-missing', sentence: 'the folder is gone' } });
  expect(attentionOf(null, halted)).toBeNull();
  expect(attentionOf(halted, halted)).toBeNull();
  expect(attentionOf(statusOf(), halted)).toEqual({ title: 'files is halted', body: 'the folder is gone' });
  expect(attentionOf(halted, statusOf())).toBeNull();
  expect(attentionOf(statusOf(), statusOf({ state: 'mirroring' }))).toBeNull();
});

test('what an agent says of a file is no markup on a desktop that takes some, hides nothing, and has an end', () => {
  expect(plain('<a href="x">no</a> & <img src=x>')).toBe('‹a href="x"›no‹/a› & ‹img src=x›');
  expect(plain('a\u202egpj\u0007\n.exe')).toBe('a gpj .exe');
  expect([...plain('😀'.repeat(1000))]).toHaveLength(300);
  const reason = { code: 'x', sentence: '<b>gone</b>' };
  expect(attentionOf(statusOf(), statusOf({ state: 'halted', reason }))?.body).toBe('‹b›gone‹/b›');
});

test('the light is that of the worst job', () => {
  expect(worstLight([], 0)).toBe('gray');
  expect(worstLight(['stopped'], 0)).toBe('gray');
  expect(worstLight(['protected', 'stopped'], 0)).toBe('green');
  expect(worstLight(['protected', 'mirroring'], 0)).toBe('yellow');
  expect(worstLight(['protected', 'halted', 'mirroring'], 0)).toBe('red');
  expect(worstLight(['protected'], 1)).toBe('red');
});

test('each light has a shape of its own', () => {
  const shapes = (['red', 'yellow', 'green', 'gray'] as const).map((light) => {
    const pixels = drawLight(light);
    return Array.from({ length: pixels.length / 4 }, (_, i) => (pixels[i * 4 + 3] === 255 ? 1 : 0)).join('');
  });
  expect(new Set(shapes).size).toBe(4);
  for (const shape of shapes) expect(shape).toMatch(/1/);
});
