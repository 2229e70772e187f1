import { Button, Modal, TextInput } from '@mantine/core';
import { DEFAULT_PORT } from '@understudy/wire';
import { useState } from 'react';
import { invoke } from '../bridge.ts';
import { fingerprintGroups } from '../format.ts';
import { Note } from '../parts/panel.tsx';
import { type Task, useTask } from '../parts/use-task.ts';
import { closeSheet } from '../store/app.ts';
import { useWords } from '../use-words.ts';

interface Paired {
  readonly name: string;
  readonly fingerprint: string;
}

export function PairDialog() {
  const { t } = useWords();
  const [paired, setPaired] = useState<Paired | null>(null);
  return (
    <Modal opened onClose={closeSheet} title={<strong>{t('servers.pairTitle')}</strong>} size={520}>
      {paired === null ? (
        <PairForm onPaired={setPaired} />
      ) : (
        <PairedText paired={paired} onAgain={() => setPaired(null)} />
      )}
    </Modal>
  );
}

function PairForm({ onPaired }: { readonly onPaired: (paired: Paired) => void }) {
  const { t } = useWords();
  const [address, setAddress] = useState('');
  const [code, setCode] = useState('');
  const [name, setName] = useState('');
  const task = useTask();
  const isWhole = address.trim() !== '' && code.trim() !== '';
  const submit = (): void =>
    task.run(async () => {
      const wanted = name.trim();
      onPaired(await invoke('pair', { address: address.trim(), code, name: wanted === '' ? null : wanted }));
    });
  return (
    <form
      className="us-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole && !task.running) submit();
      }}
    >
      <p>{t('servers.pairText')}</p>
      <code className="us-command">understudy agent pairing-code</code>
      <TextInput
        label={t('servers.address')}
        description={t('servers.addressHint', { port: DEFAULT_PORT })}
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        label={t('servers.code')}
        description={t('servers.codeHint')}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        autoComplete="off"
      />
      <TextInput
        label={t('servers.name')}
        description={t('servers.nameHint')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PairEnd task={task} isWhole={isWhole} />
    </form>
  );
}

function PairEnd({ task, isWhole }: { readonly task: Task; readonly isWhole: boolean }) {
  const { t } = useWords();
  return (
    <>
      {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
      <div className="us-actions">
        <Button type="submit" loading={task.running} disabled={!isWhole}>
          {t('servers.pairNow')}
        </Button>
        <Button variant="default" onClick={closeSheet}>
          {t('common.cancel')}
        </Button>
      </div>
    </>
  );
}

function PairedText({ paired, onAgain }: { readonly paired: Paired; readonly onAgain: () => void }) {
  const { t } = useWords();
  return (
    <div className="us-form">
      <Note kind="good">{t('servers.paired', { name: paired.name })}</Note>
      <code className="us-command us-break">{fingerprintGroups(paired.fingerprint)}</code>
      <p>{t('servers.pinned')}</p>
      <p className="us-dim">{t('servers.compare')}</p>
      <div className="us-actions">
        <Button onClick={closeSheet} data-autofocus>
          {t('common.close')}
        </Button>
        <Button variant="default" onClick={onAgain}>
          {t('servers.another')}
        </Button>
      </div>
    </div>
  );
}
