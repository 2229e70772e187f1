import { Radio } from '@mantine/core';
import { LinkBadge } from '../../parts/link-badge.tsx';
import { Note } from '../../parts/panel.tsx';
import { useConsole } from '../../store/app.ts';
import { useWords } from '../../use-words.ts';
import type { StepProps } from './step-props.ts';

export function SourceStep({ draft, change }: StepProps) {
  const { t } = useWords();
  const isAnyLive = useConsole((state) => Object.values(state.servers).some(({ link }) => link.state === 'live'));
  return (
    <div className="us-form">
      {isAnyLive ? null : <Note kind="halted">{t('protect.needTwo')}</Note>}
      <ServerChoice
        label={t('protect.source')}
        value={draft.source}
        // What was chosen of another server means nothing on this one.
        onChange={(source) => change({ source, preset: null, include: [], exclude: [] })}
      />
    </div>
  );
}

interface ServerChoiceProps {
  readonly label: string;
  readonly value: string | null;
  readonly onChange: (server: string) => void;
  /** Of this one it is said that it is the same. */
  readonly same?: string | null;
}

/** One that does not answer can be seen and not be chosen. */
export function ServerChoice({ label, value, onChange, same = null }: ServerChoiceProps) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const sorted = Object.values(servers).sort((one, other) => (one.name < other.name ? -1 : 1));
  return (
    <Radio.Group label={label} value={value ?? ''} onChange={onChange}>
      <div className="us-form us-choices">
        {sorted.map(({ name, address, link }) => (
          <div key={name} className="us-pair-line us-server-line">
            <Radio
              size="xs"
              value={name}
              disabled={link.state !== 'live'}
              label={`${name} (${address})${name === same ? ` – ${t('protect.same')}` : ''}`}
            />
            <LinkBadge link={link} />
          </div>
        ))}
      </div>
    </Radio.Group>
  );
}
