/** The sheet of one job, from the right. In: the job's key, its title. Out: what is made of the job; that it is gone, where it is. */
import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import { closeSheet, useConsole } from '../store/app.ts';
import type { JobView } from '../store/jobs.ts';
import { jobByKey } from '../store/store.ts';
import { useWatched } from '../store/watched.ts';
import { useWords } from '../use-words.ts';
import { Empty } from './panel.tsx';

export interface JobSheetProps {
  readonly jobKey: string;
  readonly title: 'edit.title' | 'restore.title' | 'failover.title';
  readonly children: (job: JobView) => ReactNode;
}

export function JobSheet({ jobKey, title, children }: JobSheetProps) {
  const { t } = useWords();
  const job = useConsole((state) => jobByKey(state, jobKey));
  useWatched(job === null ? [] : [job]);
  const shown = <strong>{t(title, { job: job?.name ?? '' })}</strong>;
  return (
    <Drawer opened onClose={closeSheet} position="right" size={640} title={shown}>
      {job === null ? <Empty title={t('job.gone')} /> : children(job)}
    </Drawer>
  );
}
