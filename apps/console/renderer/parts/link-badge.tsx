import { IconLoader, IconPlugConnected, IconPlugConnectedX, IconShieldX } from '@tabler/icons-react';
import type { LinkView } from '../../shared/view.ts';
import { useWords } from '../use-words.ts';

const SHAPES = {
  connecting: IconLoader,
  live: IconPlugConnected,
  lost: IconPlugConnectedX,
  refused: IconShieldX,
} as const;
const COLOURS = { connecting: 'us-busy', live: 'us-good', lost: 'us-halted', refused: 'us-halted' } as const;

export function LinkBadge({ link }: { readonly link: LinkView }) {
  const { t } = useWords();
  const Shape = SHAPES[link.state];
  return (
    <span className={`us-state ${COLOURS[link.state]}`}>
      <Shape size={15} aria-hidden />
      {t(`states.link.${link.state}`)}
    </span>
  );
}
