import type { InterceptorRefusal } from '@understudy/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeInterceptor, nodeOf, raw, refusal } from '../testing/fake-interceptor.ts';
import type { PumpedJob } from './interception.ts';
import { Interceptors, type Served } from './interceptors.ts';

const job = (): PumpedJob => ({
  intercepted: () => {},
  turn: () => 'idle',
  halt: () => {},
  settledThrough: () => null,
  ringThrough: () => Number.POSITIVE_INFINITY,
  keepAll: () => {},
});

describe('the interceptors', () => {
  let fuse: FakeInterceptor;
  let watch: FakeInterceptor;
  let opened: string[];
  let available: { can: boolean; why: string };
  let leftOver: boolean;
  let interceptors: Interceptors;
  beforeEach(() => {
    fuse = new FakeInterceptor('fuse');
    watch = new FakeInterceptor('watch');
    opened = [];
    available = { can: true, why: '' };
    leftOver = false;
    interceptors = new Interceptors(
      {
        fuse: { available: async () => available, open: async () => fuse, leftOver: () => leftOver },
        watch: { available: async () => ({ can: true, why: '' }), open: async () => watch },
      },
      ({ driver }) => opened.push(driver),
    );
  });
  const serve = (choice: 'auto' | 'fuse' | 'watch', ...directories: string[]) => {
    const mine = job();
    const request = { choice, directories: directories.map(raw), wanted: () => true };
    return interceptors.serve(request, (served) => {
      served.interception.attach(mine, served.roots);
      return { ...served, job: mine };
    });
  };
  const stop = ({ interception, roots, job: mine }: Served & { job: PumpedJob }) => {
    interception.detach(mine);
    return interceptors.release(interception, roots);
  };

  it('opens one interceptor for all, and protects a directory once', async () => {
    const [one, two] = [await serve('auto', '/a'), await serve('fuse', '/a', '/b')];
    expect(opened).toEqual(['fuse']);
    expect(fuse.roots().map(({ path }) => path)).toEqual(['/a', '/b']);
    expect(two.roots[0]?.served).toBe(one.roots[0]?.served);
    expect(one.why).toBeNull();
  });

  it("a directory beneath a protected one shares its mount and is the job's root all the same", async () => {
    await serve('auto', '/a');
    const { roots } = await serve('auto', '/a/b', '/a/c/d');
    expect(fuse.roots().map(({ path }) => path)).toEqual(['/a']);
    expect(roots.map(({ path, served, files }) => [path, served.path, files.rootNode])).toEqual([
      ['/a/b', '/a', nodeOf('/a/b')],
      ['/a/c/d', '/a', nodeOf('/a/c/d')],
    ]);
    expect((await serve('auto', '/ab')).roots.map(({ path }) => path)).toEqual(['/ab']);
  });

  it('[SAFE1] a directory that is not there beneath a wider mount is refused by name', async () => {
    await serve('auto', '/a');
    fuse.missing.add('/a/b');
    await expect(serve('auto', '/a/b')).rejects.toMatchObject({ reason: { code: 'root-missing' } });
    expect(fuse.roots()).toHaveLength(1);
  });

  it('file systems mounted beneath a directory are further roots of the job, outermost first, where they are wanted', async () => {
    fuse = new FakeInterceptor('fuse', ['/a', '/a/sub/deep', '/a/sub', '/a/other']);
    const request = {
      choice: 'auto' as const,
      directories: [raw('/a')],
      wanted: (path: string) => path !== '/a/other',
    };
    const served = await interceptors.serve(request, (all) => all);
    expect(served.roots.map(({ path, served: by }) => [path, by.path])).toEqual([
      ['/a', '/a'],
      ['/a/sub', '/a/sub'],
      ['/a/sub/deep', '/a/sub/deep'],
    ]);
    const inner = await serve('auto', '/a/sub/x');
    expect(inner.roots.map(({ path, served: by }) => [path, by.path])).toEqual([['/a/sub/x', '/a/sub']]);
  });

  it('a wider directory waits while a narrower one is protected, and what was protected for it is let go of', async () => {
    const one = await serve('auto', '/a/b');
    await expect(serve('auto', '/c', '/a')).rejects.toMatchObject({ code: 'overlaps', narrower: [{ path: '/a/b' }] });
    await expect(serve('auto', '/', '/zz')).rejects.toThrow(/holds \/a\/b, which another job protects/);
    fuse.users.set('/a/b', ['postgres (812)']);
    one.interception.detach(one.job);
    await expect(serve('auto', '/a')).rejects.toThrow(/in use by postgres \(812\).*as soon as nobody uses/);
    expect(fuse.calls).not.toContain('release /a/b');
    one.interception.attach(one.job, one.roots);
    expect(fuse.roots().map(({ path }) => path)).toEqual(['/a/b']);
  });

  it('auto takes watch where fuse cannot run, and says why', async () => {
    available = { can: false, why: 'There is no /dev/fuse.' };
    expect(await serve('auto', '/a')).toMatchObject({ why: 'There is no /dev/fuse.' });
    expect(watch.roots()).toHaveLength(1);
    await expect(serve('fuse', '/a')).rejects.toThrow('There is no /dev/fuse.');
  });

  it.each(['forbidden-place', 'unsupported-file-system', 'no-device', 'no-privilege'] as const)(
    'auto takes watch where fuse refuses with %s',
    async (code) => {
      fuse.refuse.set('/a', refusal(code, 'Not here.'));
      const served = await serve('auto', '/a');
      expect(served).toMatchObject({ why: 'Not here.' });
      expect(served.interception.interceptor.driver).toBe('watch');
      await expect(serve('fuse', '/a')).rejects.toThrow('Not here.');
    },
  );

  it.each(['open-for-writing', 'already-mounted', 'missing', 'failed'] as const)(
    'auto does not hide a refusal that a person can mend: %s',
    async (code: InterceptorRefusal['code']) => {
      fuse.refuse.set('/b', refusal(code, 'Mend this.'));
      await expect(serve('auto', '/a', '/b')).rejects.toThrow('Mend this.');
      expect(fuse.calls).toEqual(['protect /a', 'protect /b', 'release /a']);
      expect(watch.calls).toEqual([]);
    },
  );

  it('a job asks for watch and gets it', async () => {
    expect((await serve('watch', '/a')).why).toBe('The job asks for watch.');
    expect(opened).toEqual(['watch']);
  });

  it('a root is released with its last job, and its users are named', async () => {
    fuse.users.set('/a', ['postgres (812)', 'postgres (812)']);
    const [one, two] = [await serve('auto', '/a'), await serve('auto', '/a/b')];
    expect(await stop(one)).toEqual([]);
    expect(fuse.roots()).toHaveLength(1);
    expect(await stop(two)).toEqual(['postgres (812)']);
    expect(fuse.roots()).toHaveLength(0);
  });

  it('a job that fails to attach leaves nothing protected', async () => {
    const failing = interceptors.serve({ choice: 'auto', directories: [raw('/a')], wanted: () => true }, () => {
      throw new Error('no positions');
    });
    await expect(failing).rejects.toThrow('no positions');
    expect(fuse.roots()).toEqual([]);
  });

  it('nothing is let go of while it is being given to another job', async () => {
    const one = await serve('auto', '/a');
    let open = () => {};
    fuse.protecting = new Promise((resolve) => {
      open = resolve;
    });
    const starting = serve('auto', '/b', '/a');
    const stopping = stop(one);
    open();
    await Promise.all([starting, stopping]);
    expect(fuse.roots().map(({ path }) => path)).toEqual(expect.arrayContaining(['/a', '/b']));
    expect(fuse.calls).not.toContain('release /a');
  });

  it('what an earlier run left is found and let go of, but for what is still to be kept', async () => {
    await interceptors.releaseUnwanted([]);
    expect(opened).toEqual([]);
    leftOver = true;
    fuse = new FakeInterceptor('fuse', ['/old', '/kept', '/wanted']);
    await serve('auto', '/wanted/within');
    await interceptors.releaseUnwanted([raw('/kept/within')]);
    expect(fuse.roots().map(({ path }) => path)).toEqual(['/kept', '/wanted']);
  });

  it('what an earlier run left is taken over before anybody looks at directories', async () => {
    leftOver = true;
    await interceptors.takeOver();
    expect(opened).toEqual(['fuse']);
    fuse.tell('failed', 'error');
    await interceptors.takeOver();
    expect(opened).toEqual(['fuse', 'fuse']);
  });

  it('nothing is asked of an interceptor that failed', async () => {
    const one = await serve('auto', '/a');
    fuse.tell('failed', 'error');
    expect(await stop(one)).toEqual([]);
    expect(fuse.calls).toEqual(['protect /a']);
  });

  it('an interceptor that failed is let go of as it is, and another one takes over', async () => {
    const one = await serve('auto', '/a');
    const [failed] = [fuse];
    failed.tell('failed', 'error');
    fuse = new FakeInterceptor('fuse', ['/a']);
    const again = await serve('auto', '/a');
    expect(failed.closed).toBe(true);
    expect(again.roots.map(({ served }) => served)).toEqual(fuse.roots());
    expect(await stop(one)).toEqual([]);
    expect(fuse.roots()).toHaveLength(1);
  });

  it('keeps what is mounted at the end, if there is anything', async () => {
    await serve('auto', '/a');
    await serve('watch', '/b');
    await interceptors.close(true);
    expect([fuse.closed, watch.closed]).toEqual([true, true]);
    const { roots, interception, job: mine } = await serve('auto', '/c');
    await stop({ roots, interception, job: mine, why: null });
    fuse.closed = null;
    for (const root of fuse.roots()) await fuse.release(root.id);
    await interceptors.close(true);
    expect(fuse.closed).toBe(false);
  });

  it('tells when a mount that stayed behind is gone', async () => {
    const gone: number[] = [];
    interceptors.onUnmounted((root) => gone.push(root));
    await serve('auto', '/a');
    fuse.tell('unmounted', 'information', 1);
    fuse.tell('unmounted', 'error', 2);
    expect(gone).toEqual([1]);
  });
});
