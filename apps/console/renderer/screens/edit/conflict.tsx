import { Button } from '@mantine/core';
import { Note } from '../../parts/panel.tsx';
import type { Editable, Merged } from '../../store/job-edit.ts';
import { useWords } from '../../use-words.ts';

interface ConflictProps {
  readonly clash: Merged;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
}

/** Somebody else was faster: what that was is named, and nothing is sent before a person has chosen and saves again. */
export function Conflict({ clash, onMine, onTheirs }: ConflictProps) {
  const { t } = useWords();
  const named = (fields: readonly Editable[]): string => fields.map((field) => t(`edit.fields.${field}`)).join(', ');
  return (
    <>
      <Note kind="halted">
        {t('edit.conflict', { fields: named(clash.theirs) })}
        {clash.both.length === 0 ? null : `\n${t('edit.conflictBoth', { fields: named(clash.both) })}`}
      </Note>
      <div className="us-actions">
        <Button variant="default" onClick={onMine}>
          {t('edit.mine')}
        </Button>
        <Button variant="default" onClick={onTheirs}>
          {t('edit.theirs')}
        </Button>
      </div>
    </>
  );
}
