import { createTheme, type MantineColorSchemeManager, MantineProvider } from '@mantine/core';
import { useEffect, useLayoutEffect, useMemo } from 'react';
import { Shell } from './shell.tsx';
import { useScheme } from './use-scheme.ts';
import { useWords } from './use-words.ts';

const themeFor = (closeWord: string) =>
  createTheme({
    fontFamily: 'system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif',
    fontFamilyMonospace: 'ui-monospace, "DejaVu Sans Mono", "Liberation Mono", monospace',
    autoContrast: true,
    luminanceThreshold: 0.2,
    primaryColor: 'blue',
    primaryShade: 8,
    defaultRadius: 'sm',
    respectReducedMotion: true,
    cursorType: 'pointer',
    components: {
      Button: { defaultProps: { size: 'xs' } },
      ActionIcon: { defaultProps: { size: 'md' } },
      TextInput: { defaultProps: { size: 'xs' } },
      Textarea: { defaultProps: { size: 'xs' } },
      NumberInput: { defaultProps: { size: 'xs' } },
      Select: {
        defaultProps: { size: 'xs', allowDeselect: false, comboboxProps: { transitionProps: { duration: 0 } } },
      },
      Checkbox: { defaultProps: { size: 'xs' } },
      RadioGroup: { defaultProps: { size: 'xs' } },
      SegmentedControl: { defaultProps: { size: 'xs' } },
      CloseButton: { defaultProps: { 'aria-label': closeWord } },
      Modal: { defaultProps: { transitionProps: { duration: 0 } } },
      Drawer: { defaultProps: { transitionProps: { duration: 0 } } },
      Menu: { defaultProps: { transitionProps: { duration: 0 } } },
      Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 0 } } },
    },
  });

/** The theme is the console's preference, not the page's: the library is to remember nothing. */
const nothingRemembered: MantineColorSchemeManager = {
  get: (value) => value,
  set: () => undefined,
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};

export function Root({ nonce }: { readonly nonce: string }) {
  const scheme = useScheme();
  const { t, language } = useWords();
  const theme = useMemo(() => themeFor(t('common.close')), [t]);
  // The library does so too, but only when charts have read the colours that they draw with.
  useLayoutEffect(() => {
    document.documentElement.dataset.mantineColorScheme = scheme;
  }, [scheme]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  return (
    <MantineProvider
      theme={theme}
      forceColorScheme={scheme}
      colorSchemeManager={nothingRemembered}
      getStyleNonce={() => nonce}
    >
      <Shell />
    </MantineProvider>
  );
}
