import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VerificationReport } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VerificationReports } from './verification-reports.ts';

type Report = Omit<VerificationReport, 'number'>;
const TIME = '2026-01-02T03:04:05.000Z';

function report(differences: number): Report {
  const one = { path: '/srv/a', what: 'content', detail: '' };
  const list = Array.from({ length: differences }, () => one);
  const result = {
    differences: list,
    truncated: false,
    count: differences,
    filesChecked: 1,
    bytesChecked: 2,
    position: '3',
    repaired: 0,
  };
  return { startedAt: TIME, endedAt: TIME, by: null, repair: false, brokenOff: null, result };
}

describe('[VER2] reports of verifications', () => {
  let folder: string;
  let faults: unknown[];
  let reports: VerificationReports;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-reports-'));
    faults = [];
    reports = new VerificationReports(join(folder, 'reports'), (error) => faults.push(error));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are read later, the newest first, and by their number', () => {
    expect(reports.list(5)).toEqual([]);
    for (let i = 1; i <= 3; i += 1) expect(reports.add(report(i))).toBe(i);
    expect(reports.list(2).map(({ number, result }) => [number, result?.count])).toEqual([
      [3, 3],
      [2, 2],
    ]);
    expect([reports.find(1)?.result?.count, reports.find(9)]).toEqual([1, null]);
  });

  it('are bounded: twenty of a job, a thousand differences each, and the count is true', () => {
    for (let i = 0; i < 25; i += 1) reports.add(report(1));
    const number = reports.add(report(1500)) ?? 0;
    expect(readdirSync(join(folder, 'reports'))).toHaveLength(20);
    const { result } = reports.find(number) ?? {};
    expect([result?.differences.length, result?.count, result?.truncated]).toEqual([1000, 1500, true]);
  });

  it('one that is damaged is left out and stays where it is', () => {
    reports.add(report(1));
    reports.add(report(2));
    writeFileSync(join(folder, 'reports', '1.json'), '{');
    expect(reports.list(5).map(({ number }) => number)).toEqual([2]);
    expect(faults).toHaveLength(1);
    expect(readdirSync(join(folder, 'reports')).sort()).toEqual(['1.json', '2.json']);
  });
});
