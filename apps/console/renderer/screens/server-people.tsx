import type { ServerView } from '../../shared/view.ts';
import { fingerprintGroups, shown } from '../format.ts';
import { Panel } from '../parts/panel.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useWords } from '../use-words.ts';

/** Whom an agent knows and what it runs; asked of it when the page is shown and when the connection is made anew. */
export function ServerPeople({ server }: { readonly server: ServerView }) {
  const { t } = useWords();
  const isLive = server.link.state === 'live';
  const asked = isLive ? server.name : null;
  const peers = useAnswer(asked, 'agent.peers', {}, server.link.sinceMs);
  const clients = useAnswer(
    isLive && server.role === 'admin' ? server.name : null,
    'agent.clients',
    {},
    server.link.sinceMs,
  );
  const presets = useAnswer(asked, 'presets.list', {}, server.link.sinceMs);
  return (
    <div className="us-columns us-columns-three">
      <Panel title={t('server.peers')}>
        <Lines
          empty={t('server.noPeers')}
          lines={(peers.answer?.peers ?? []).map(({ name, addresses, fingerprint }) => [
            name,
            addresses[0] ?? '–',
            fingerprint,
          ])}
        />
      </Panel>
      <Panel title={t('server.clients')}>
        <Lines
          empty={t('server.clientsForbidden')}
          lines={(clients.answer?.clients ?? []).map(({ name, role, fingerprint }) => [
            name,
            t(`common.roles.${role}`),
            fingerprint,
          ])}
        />
      </Panel>
      <Panel title={t('server.presets')}>
        <Lines
          empty={t('server.noPresets')}
          lines={(presets.answer?.presets ?? []).map(({ name, title, running }) => [
            title,
            t(running ? 'server.runs' : 'server.notRunning'),
            name,
          ])}
        />
      </Panel>
    </div>
  );
}

interface LinesProps {
  readonly empty: string;
  /** What it is called, a word on it, and what tells it from all others. */
  readonly lines: readonly (readonly [string, string, string])[];
}

function Lines({ empty, lines }: LinesProps) {
  if (lines.length === 0) return <p className="us-panel-body us-dim">{empty}</p>;
  return (
    <ul className="us-panel-body us-form">
      {lines.map(([name, word, mark]) => (
        <li key={mark} className="us-person">
          <strong>{shown(name)}</strong>
          <span className="us-dim">{shown(word)}</span>
          <code className="us-clip us-dim" title={mark}>
            {/^[0-9a-f]{64}$/.test(mark) ? fingerprintGroups(mark) : mark}
          </code>
        </li>
      ))}
    </ul>
  );
}
