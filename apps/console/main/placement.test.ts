import { expect, test } from 'vitest';
import { MIN_SIZE, placementSchema, placeWindow } from './placement.ts';

const screen = { x: 0, y: 0, width: 1920, height: 1080 };
const at = (x: number, y: number, width: number, height: number) => ({
  bounds: { x, y, width, height },
  maximized: false,
});

test('a window is where it was', () => {
  expect(placeWindow(at(100, 50, 1200, 800), [screen])).toEqual({
    x: 100,
    y: 50,
    width: 1200,
    height: 800,
    maximized: false,
  });
  expect(placeWindow({ ...at(2000, 0, 1000, 700), maximized: true }, [screen, { ...screen, x: 1920 }])).toMatchObject({
    x: 2000,
    maximized: true,
  });
});

test('a screen that is gone takes no window along', () => {
  const placed = placeWindow(at(2500, 100, 1200, 800), [screen]);
  expect(placed).toEqual({ width: 1200, height: 800, maximized: false });
  expect(placeWindow(at(100, -500, 1200, 800), [screen])).not.toHaveProperty('y');
});

test('a screen that became smaller shows all of it', () => {
  const small = { ...screen, width: 1280, height: 720 };
  expect(placeWindow(at(400, 300, 1900, 1000), [small])).toEqual({
    x: 0,
    y: 0,
    width: 1280,
    height: 720,
    maximized: false,
  });
});

test('without a memory it has its usual size, as far as the screen goes', () => {
  expect(placeWindow(null, [screen])).toEqual({ width: 1440, height: 900, maximized: false });
  expect(placeWindow(null, [{ ...screen, width: 1024, height: 768 }])).toMatchObject({ width: 1024, height: 768 });
  expect(placeWindow(null, []).width).toBeGreaterThanOrEqual(MIN_SIZE.width);
});

test('a memory that makes no sense is refused', () => {
  for (const bad of [{}, at(Number.NaN, 0, 1, 1), at(0, 0, 0, 0), at(0, 0, 1e9, 10)])
    expect(placementSchema.safeParse(bad).success).toBe(false);
});
