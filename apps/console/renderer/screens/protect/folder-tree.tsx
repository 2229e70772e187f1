import { Button } from '@mantine/core';
import { IconArrowUp, IconFile, IconFileUnknown, IconFolder, IconLink } from '@tabler/icons-react';
import type { DirectoryEntry, RawPath } from '@understudy/wire';
import { type ComponentType, useState } from 'react';
import { bytes, shortMoment } from '../../format.ts';
import { useAnswer } from '../../parts/use-answer.ts';
import { above, beneath, rawPathFromText, shownPath } from '../../raw-path.ts';
import { useConsole } from '../../store/app.ts';
import { useWords } from '../../use-words.ts';

const SHAPES: Readonly<Record<DirectoryEntry['kind'], ComponentType<{ size?: number }>>> = {
  directory: IconFolder,
  file: IconFile,
  link: IconLink,
  other: IconFileUnknown,
};

interface FolderTreeProps {
  readonly server: string;
  readonly onChoose: (path: RawPath) => void;
}

/** The server's own file system, one directory at a time. */
export function FolderTree({ server, onChoose }: FolderTreeProps) {
  const { t, locale } = useWords();
  const [path, setPath] = useState<RawPath>(rawPathFromText('/'));
  const since = useConsole(({ servers }) => servers[server]?.link.sinceMs);
  const { answer, failure } = useAnswer(server, 'files.browse', { path, measure: true }, since);
  const up = above(path);
  const size = answer?.size ?? null;
  return (
    <div className="us-form">
      <div className="us-actions">
        <Button
          variant="default"
          size="compact-xs"
          disabled={up === null}
          leftSection={<IconArrowUp size={14} aria-hidden />}
          onClick={() => (up === null ? undefined : setPath(up))}
        >
          {t('protect.up')}
        </Button>
        <code className="us-break">{shownPath(path)}</code>
        <span className="us-dim us-num">
          {size === null ? '' : `${size.counted ? '' : '≥ '}${bytes(size.bytes, locale)}`}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <ul className="us-tree" aria-label={t('protect.browse', { server })} tabIndex={0}>
        {failure === null ? null : <li className="us-halted">{failure}</li>}
        {failure === null && answer?.entries.length === 0 ? <li className="us-dim">{t('protect.dirEmpty')}</li> : null}
        {failure === null
          ? answer?.entries.map((entry) => (
              <Entry key={entry.name.bytes} entry={entry} onOpen={() => setPath(beneath(path, entry.name))} />
            ))
          : null}
        {answer?.more === true ? <li className="us-dim">{t('protect.more')}</li> : null}
      </ul>
      <Button onClick={() => onChoose(path)} disabled={failure !== null || up === null}>
        {t('protect.add')}: {shownPath(path)}
      </Button>
    </div>
  );
}

function Entry({ entry, onOpen }: { readonly entry: DirectoryEntry; readonly onOpen: () => void }) {
  const { locale } = useWords();
  const Shape = SHAPES[entry.kind];
  const name = (
    <>
      <Shape size={15} aria-hidden />
      <span className="us-clip">{shownPath(entry.name)}</span>
    </>
  );
  return (
    <li>
      {entry.kind === 'directory' ? (
        <button type="button" className="us-entry" onClick={onOpen}>
          {name}
        </button>
      ) : (
        <span className="us-entry us-dim">{name}</span>
      )}
      <span className="us-dim us-num">{entry.bytes === null ? '' : bytes(entry.bytes, locale)}</span>
      <span className="us-dim us-num">{shortMoment(entry.modified, Date.now(), locale)}</span>
    </li>
  );
}
