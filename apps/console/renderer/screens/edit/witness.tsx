import { Select, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { Note } from '../../parts/panel.tsx';
import { useConsole } from '../../store/app.ts';
import { type WitnessServer, witnessKinds } from '../../store/failover-edit.ts';
import { useWords } from '../../use-words.ts';
import { Choice } from './choice.tsx';
import type { FormProps } from './failover.tsx';

interface WitnessProps extends FormProps {
  readonly servers: readonly string[];
}

/** Who says that the source may not write any more. */
export function WitnessPart({ form, write, wrong, servers }: WitnessProps) {
  const { t } = useWords();
  const problem = wrong('witness');
  return (
    <>
      <Choice name="witness" values={witnessKinds} value={form.witness} onChange={(witness) => write({ witness })} />
      {form.witness === 'agent' ? (
        <ThirdAgent
          servers={servers}
          chosen={form.witnessServer}
          onChange={(witnessServer) => write({ witnessServer })}
        />
      ) : null}
      {form.witness === 'etcd' ? (
        <TextInput
          label={t('edit.failover.endpoints')}
          placeholder="https://etcd1:2379, https://etcd2:2379"
          value={form.endpoints}
          onChange={(event) => write({ endpoints: event.currentTarget.value })}
        />
      ) : null}
      {form.witness === 'fence' ? (
        <TextInput
          label={t('edit.failover.fence')}
          description={t('edit.failover.fenceHint')}
          spellCheck={false}
          classNames={{ input: 'us-mono' }}
          value={form.fence}
          onChange={(event) => write({ fence: event.currentTarget.value })}
        />
      ) : null}
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </>
  );
}

interface ThirdAgentProps {
  readonly servers: readonly string[];
  readonly chosen: WitnessServer | null;
  readonly onChange: (server: WitnessServer | null) => void;
}

function ThirdAgent({ servers, chosen, onChange }: ThirdAgentProps) {
  const { t } = useWords();
  const known = useConsole((state) => state.servers);
  const offered = useMemo(() => {
    const others: WitnessServer[] = Object.values(known)
      .filter(({ name }) => !servers.includes(name))
      .map(({ name, address, fingerprint }) => ({ name, address, fingerprint }));
    const isThere = chosen === null || others.some(({ name }) => name === chosen.name);
    return isThere ? others : [...others, chosen];
  }, [known, servers, chosen]);
  return (
    <Select
      label={t('edit.failover.third')}
      description={t('edit.failover.thirdHint')}
      placeholder={t(offered.length === 0 ? 'edit.failover.thirdNone' : 'edit.failover.thirdChoose')}
      data={offered.map(({ name, address }) => ({ value: name, label: `${name} (${address})` }))}
      value={chosen?.name ?? null}
      onChange={(value) => onChange(offered.find(({ name }) => name === value) ?? null)}
    />
  );
}
