import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nativeBinary } from './native.ts';

function whyNot(): string | null {
  const tried = spawnSync('unshare', [
    '--net',
    'ip',
    'link',
    'add',
    'name',
    'near',
    'type',
    'veth',
    'peer',
    'name',
    'far',
  ]);
  return tried.status === 0 ? null : `network namespaces and veth are needed (${String(tried.stderr).trim()})`;
}

const why = whyNot();
if (why !== null) console.warn(`SKIPPED service addresses on a link: ${why}`);

/** Two servers on one link: this one with `near`, the other with `far`. What is run here ends with the namespace's keeper. */
function onLink(script: string): string[] {
  const scene = `
set -e
ip link add name near type veth peer name far
unshare --net sleep 60 & other=$!
trap 'kill $other' EXIT
while [ "$(readlink /proc/$other/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link set far netns $other
there() { nsenter -t $other -n -- "$@"; }
neighbour() { "$BINARY" neighbour "$@"; }
ip link set near address 02:00:00:00:00:0a up; there ip link set far address 02:00:00:00:00:0b up
ip address add 10.1.0.1/24 dev near; there ip address add 10.1.0.9/24 dev far
${script}`;
  const env = { ...process.env, BINARY: nativeBinary() };
  return execFileSync('unshare', ['--net', 'sh', '-c', scene], { encoding: 'utf8', env }).trim().split('\n');
}

describe.skipIf(why !== null)('a service address on its link', () => {
  it('is found where somebody has it, and not where nobody has', () => {
    const said = onLink(
      'neighbour probe near 10.1.0.9 || echo "taken $?"; neighbour probe near 10.1.0.8; echo "free $?"',
    );
    expect(said).toEqual(['02:00:00:00:00:0b', 'taken 1', 'free 0']);
  });

  it('is found with us by who knew it elsewhere, once it is announced', () => {
    const said = onLink(`
there sh -c 'echo 0 > /proc/sys/net/ipv4/neigh/far/locktime'
there ip neigh add 10.1.0.7 lladdr 02:00:00:00:00:99 dev far nud stale
there ip neigh show 10.1.0.7 | grep -o 'lladdr [0-9a-f:]*'
ip address add 10.1.0.7/24 dev near
neighbour announce near 10.1.0.7
there ip neigh show 10.1.0.7 | grep -o 'lladdr [0-9a-f:]*'`);
    expect(said).toEqual(['lladdr 02:00:00:00:00:99', 'lladdr 02:00:00:00:00:0a']);
  });

  it('is announced by IPv6, too', () => {
    const said = onLink(`
ip address add fd00::7/64 dev near nodad; there ip address add fd00::9/64 dev far nodad
there ip neigh add fd00::7 lladdr 02:00:00:00:00:99 dev far nud stale
neighbour announce near fd00::7
there ip neigh show fd00::7 | grep -o 'lladdr [0-9a-f:]*'`);
    expect(said).toEqual(['lladdr 02:00:00:00:00:0a']);
  });

  it('cannot be asked for on an interface that is not there', () => {
    expect(onLink('neighbour probe nowhere0 10.1.0.9 2>&1 || echo "no $?"')[1]).toBe('no 2');
  });
});
