import { Button } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { go } from '../store/app.ts';
import { useWords } from '../use-words.ts';

/** The way back from one job, or one server, to the screen with all of them. */
export function BackTo({ screen }: { readonly screen: 'dashboard' | 'servers' }) {
  const { t } = useWords();
  return (
    <Button
      variant="subtle"
      size="compact-xs"
      leftSection={<IconArrowLeft size={14} aria-hidden />}
      onClick={() => go({ screen })}
    >
      {t(`common.${screen}`)}
    </Button>
  );
}
