/** What kind of world a seed draws: how much memory, how bad a wire, a disk, an interceptor, which rules. */
import { DISK_KINDS, type DiskKind } from './bad-disk.ts';
import type { SeededRandom } from './random.ts';
import { SCOPE_KINDS, type ScopeKind } from './scopes.ts';

export interface World {
  readonly memoryBytes: number;
  readonly ringBytes: number;
  /** How likely a step breaks something. */
  readonly trouble: number;
  readonly scopes: readonly ScopeKind[];
  readonly disk: DiskKind;
}

export function drawWorld(random: SeededRandom): World {
  const memoryBytes = random.pick([300_000, 600_000, 1 << 26]) ?? 1 << 26;
  const ringBytes = random.pick([20_000, 1 << 22, 1 << 22]) ?? 1 << 22;
  const trouble = random.pick([0, 0.01, 0.05]) ?? 0;
  const ofOne = () => (random.chance(0.5) ? 'whole' : (random.pick(SCOPE_KINDS) ?? 'whole'));
  const scopes = random.chance(0.2) ? [ofOne(), ofOne()] : [ofOne()];
  return { memoryBytes, ringBytes, trouble, scopes, disk: random.pick(DISK_KINDS) ?? 'good' };
}

export const describeWorld = (w: World): string =>
  `memory ${w.memoryBytes}, ring ${w.ringBytes}, trouble ${w.trouble}, scopes ${w.scopes.join('+')}, disk ${w.disk}`;
