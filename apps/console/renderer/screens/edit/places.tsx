import { Checkbox, Textarea, TextInput } from '@mantine/core';
import { Note } from '../../parts/panel.tsx';
import type { DnsForm } from '../../store/failover-places.ts';
import { useWords } from '../../use-words.ts';
import type { FormProps } from './failover.tsx';

/** Names that point at the target from a failover on. */
export function DnsPart({ form, write, wrong }: FormProps) {
  const { t } = useWords();
  const { dns } = form;
  const problem = wrong('dns');
  const set = (changes: Partial<DnsForm>): void => write({ dns: { ...dns, ...changes } });
  return (
    <>
      <Checkbox
        label={t('edit.failover.dnsOn')}
        checked={dns.on}
        onChange={(event) => set({ on: event.currentTarget.checked })}
      />
      {dns.on ? (
        <fieldset className="us-windows us-wide">
          <legend>{t('edit.failover.dns')}</legend>
          <DnsServer dns={dns} set={set} />
          <Textarea
            className="us-wide"
            label={t('edit.failover.dnsRecords')}
            description={t('edit.failover.dnsRecordsHint')}
            autosize
            minRows={1}
            maxRows={8}
            spellCheck={false}
            classNames={{ input: 'us-mono' }}
            value={dns.records}
            onChange={(event) => set({ records: event.currentTarget.value })}
          />
        </fieldset>
      ) : null}
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </>
  );
}

interface DnsServerProps {
  readonly dns: DnsForm;
  readonly set: (changes: Partial<DnsForm>) => void;
}

/** Whom to tell, of which zone, and what for a signature. */
function DnsServer({ dns, set }: DnsServerProps) {
  const { t } = useWords();
  return (
    <div className="us-three us-wide">
      <TextInput
        label={t('edit.failover.dnsServer')}
        placeholder="192.0.2.53"
        value={dns.server}
        onChange={(event) => set({ server: event.currentTarget.value })}
      />
      <TextInput
        label={t('edit.failover.dnsZone')}
        placeholder="example.org"
        value={dns.zone}
        onChange={(event) => set({ zone: event.currentTarget.value })}
      />
      <TextInput
        label={t('edit.failover.dnsKey')}
        placeholder={t('edit.failover.dnsKeyNone')}
        value={dns.keyFile}
        onChange={(event) => set({ keyFile: event.currentTarget.value })}
      />
    </div>
  );
}

/** How far back the target can go: whichever comes first. */
export function UndoPart({ form, write, wrong }: FormProps) {
  const { t } = useWords();
  const { undo } = form;
  const problem = wrong('undo');
  return (
    <fieldset className="us-windows us-wide">
      <legend>{t('edit.failover.undo')}</legend>
      <p className="us-dim">{t('edit.failover.undoHint')}</p>
      <div className="us-three us-wide">
        <TextInput
          label={t('edit.failover.undoAge')}
          placeholder={t('edit.failover.undoNone')}
          value={undo.age}
          onChange={(event) => write({ undo: { ...undo, age: event.currentTarget.value } })}
        />
        <TextInput
          label={t('edit.failover.undoSize')}
          placeholder={t('edit.failover.undoNone')}
          value={undo.size}
          onChange={(event) => write({ undo: { ...undo, size: event.currentTarget.value } })}
        />
      </div>
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </fieldset>
  );
}
