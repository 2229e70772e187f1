import { useEffect, useMemo, useState } from 'react';
import type { Locale } from './format.ts';
import { useConsole } from './store/app.ts';
import { type Language, languageOf, localeTag, type Translate, translator } from './words/words.ts';

export interface Words {
  readonly t: Translate;
  readonly locale: Locale;
  readonly language: Language;
}

export function useWords(): Words {
  const preference = useConsole((state) => state.preferences.language);
  const system = useConsole((state) => state.systemLanguage);
  return useMemo(() => {
    const language = languageOf(preference, system);
    return { t: translator(language), locale: { tag: localeTag(language, system) }, language };
  }, [preference, system]);
}

/** The time, for ages that grow while they are looked at. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
