import { Button } from '@mantine/core';
import { useMemo } from 'react';
import type { ServerView } from '../../shared/view.ts';
import { sentence } from '../format.ts';
import { Note } from '../parts/panel.tsx';
import { go, useConsole } from '../store/app.ts';
import { useWords } from '../use-words.ts';

const SHOWN = 3;

/** What has to be seen on every screen: what was found damaged here, and a server that shows another certificate than the pinned one. */
export function Notices() {
  const notices = useConsole((state) => state.notices);
  const servers = useConsole((state) => state.servers);
  const strangers = useMemo(() => Object.values(servers).filter(isStranger), [servers]);
  if (notices.length === 0 && strangers.length === 0) return null;
  return (
    <div className="us-notices">
      {strangers.slice(0, SHOWN).map((server) => (
        <Stranger key={server.name} server={server} />
      ))}
      {notices.slice(-SHOWN).map((notice) => (
        <Note key={notice} kind="risk">
          {sentence(notice)}
        </Note>
      ))}
    </div>
  );
}

const isStranger = ({ link }: ServerView): boolean => link.state === 'refused' && link.code === 'fingerprint-changed';

function Stranger({ server: { name } }: { readonly server: ServerView }) {
  const { t } = useWords();
  const here = useConsole(({ place }) => place.screen === 'server' && place.server === name);
  // On its own page it is said in full.
  if (here) return null;
  return (
    <Note kind="halted">
      <strong>{t('servers.changedNamed', { name })}</strong>{' '}
      <Button size="compact-xs" variant="default" onClick={() => go({ screen: 'server', server: name })}>
        {t('servers.look')}
      </Button>
    </Note>
  );
}
