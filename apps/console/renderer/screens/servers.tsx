import { Button } from '@mantine/core';
import { useMemo } from 'react';
import type { ServerView } from '../../shared/view.ts';
import { fingerprintGroups, sentence } from '../format.ts';
import { LinkBadge } from '../parts/link-badge.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { Cell, Row, Windowed } from '../parts/windowed.tsx';
import { go, openSheet, useConsole } from '../store/app.ts';
import { useWords } from '../use-words.ts';

const COLUMNS = 'minmax(130px, 1fr) minmax(170px, 1.2fr) minmax(170px, 1.4fr) 90px 90px 70px minmax(160px, 2fr)';

export function ServersScreen() {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const ends = useConsole((state) => state.ends);
  const rows = useMemo(() => Object.values(servers).sort((one, other) => (one.name < other.name ? -1 : 1)), [servers]);
  const counts = useMemo(() => {
    const found = new Map<string, number>();
    for (const { server } of Object.values(ends)) found.set(server, (found.get(server) ?? 0) + 1);
    return found;
  }, [ends]);
  const head = ['name', 'address', 'link', 'role', 'version', 'jobs', 'fingerprint'] as const;
  return (
    <>
      <header className="us-bar">
        <h1>{t('servers.title')}</h1>
        <div className="us-bar-end">
          <Button onClick={() => openSheet({ kind: 'pair' })}>{t('common.pair')}</Button>
        </div>
      </header>
      <ScreenBody label={t('servers.title')}>
        <section className="us-panel us-fill">
          <Windowed
            label={t('servers.title')}
            head={head.map((column) => t(`servers.columns.${column}`))}
            columns={COLUMNS}
            rows={rows}
            keyOf={({ name }) => name}
            render={(server, index) => <ServerRow server={server} index={index} jobs={counts.get(server.name) ?? 0} />}
          />
        </section>
      </ScreenBody>
    </>
  );
}

interface ServerRowProps {
  readonly server: ServerView;
  readonly index: number;
  readonly jobs: number;
}

function ServerRow({ server, index, jobs }: ServerRowProps) {
  const { t } = useWords();
  const open = (): void => go({ screen: 'server', server: server.name });
  const { link } = server;
  const isBad = link.state === 'lost' || link.state === 'refused';
  return (
    <Row columns={COLUMNS} index={index} onOpen={open} className={isBad ? 'us-wash-halted' : ''}>
      <Cell className="us-clip">
        <button type="button" className="us-open" onClick={open}>
          {server.name}
        </button>
      </Cell>
      <Cell className="us-clip us-dim us-num">{server.address}</Cell>
      <Cell title={isBad ? sentence(link.sentence) : undefined}>
        <LinkBadge link={link} />
      </Cell>
      <Cell>{t(`common.roles.${server.role}`)}</Cell>
      <Cell className="us-num">{server.info?.version ?? '–'}</Cell>
      <Cell className="us-num">{jobs}</Cell>
      <Cell className="us-clip us-mono us-dim" title={server.fingerprint}>
        {fingerprintGroups(server.fingerprint)}
      </Cell>
    </Row>
  );
}
