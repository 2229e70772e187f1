/** The folders of a row on a line, for the product or for rsync, whichever is measured. */
import { Line, openWorld, protectWorld, type World, whyNoLine } from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { figure, isOwn, type StageScene } from '../rows/row.ts';
import { RsyncOnLine } from './rsync-on-line.ts';

export interface OnLine {
  readonly line: Line;
  readonly source: string;
  readonly replica: string;
}

export interface Own extends OnLine {
  readonly kind: 'own';
  readonly world: World;
  /** Begins to protect `source`, with these options of `job create`; returns when the replica is complete. */
  protect(...options: string[]): Promise<void>;
}

export interface Other extends OnLine {
  readonly kind: 'rsync';
  readonly rsync: RsyncOnLine;
}

export async function openOnLine(scene: StageScene, settings: string | null = null): Promise<Own | Other> {
  const { stage } = scene;
  if (isOwn(scene)) {
    const world = await openWorld(stage, settings === null ? {} : { settings: { source: settings } });
    const { line, source, replica } = world;
    const protect = async (...options: string[]) => {
      await protectWorld(world, ...options);
    };
    return { kind: 'own', world, line, source, replica, protect };
  }
  const line = await Line.open(stage);
  const source = stage.folder('source', 'world');
  const replica = stage.folder('replica');
  return { kind: 'rsync', line, source, replica, rsync: await RsyncOnLine.open(stage, line, replica) };
}

/** Why there is nothing to measure, as a figure; null: go on. */
export function whyNot(row: string): Figure[] | null {
  const why = whyNoLine();
  return why === null ? null : [figure(row, 'not measured', 'count', null, { note: why })];
}
