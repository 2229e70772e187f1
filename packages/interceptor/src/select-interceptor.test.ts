import { describe, expect, it } from 'vitest';
import { selectInterceptor } from './select-interceptor.ts';

const able = () => null;
const unable = () => 'there is no /dev/fuse';

describe('[FSI7] the choice of a driver', () => {
  it('auto takes fuse where it can run', () => {
    expect(selectInterceptor('auto', able)).toMatchObject({ driver: 'fuse' });
    expect(selectInterceptor('auto', able).why).toContain('the best that this machine can run');
  });

  it('auto takes watch where fuse cannot run, and says why and what that means', () => {
    const { driver, why } = selectInterceptor('auto', unable);
    expect(driver).toBe('watch');
    expect(why).toContain('there is no /dev/fuse');
    expect(why).toContain('near-continuous');
  });

  it('watch is taken when it is asked for, and says that it is near-continuous', () => {
    expect(selectInterceptor('watch', able).driver).toBe('watch');
    expect(selectInterceptor('watch', able).why).toContain('near-continuous');
  });

  it('fuse that cannot run is refused with the reason, never replaced silently', () => {
    expect(() => selectInterceptor('fuse', unable)).toThrow('fuse cannot run here: there is no /dev/fuse');
    expect(selectInterceptor('fuse', able).driver).toBe('fuse');
  });
});
