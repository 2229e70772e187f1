/**
 * words: every text that a person reads. In: a key, and what is put into it. Out: text in the chosen language. Promised: a key that does
 * not exist does not compile, and what is missing in another language is said in English.
 */
import i18next, { type i18n } from 'i18next';
import { de } from './de/index.ts';
import { en } from './en/index.ts';

type Plain<K extends string> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K;
type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${Plain<K>}` : Leaves<T[K], `${P}${K}.`>;
}[keyof T & string];
export type WordKey = Leaves<typeof en>;

export type Values = Readonly<Record<string, string | number>>;
export type Translate = (key: WordKey, values?: Values) => string;

export const spokenLanguages = ['en', 'de'] as const;
export type Language = (typeof spokenLanguages)[number];

/** What the preference means on this system. */
export function languageOf(preference: 'system' | Language, systemTag: string): Language {
  if (preference !== 'system') return preference;
  return spokenLanguages.find((language) => systemTag.toLowerCase().startsWith(language)) ?? 'en';
}

/** Numbers and dates as the system has them, where it speaks that language; else as usual in it. */
export const localeTag = (language: Language, systemTag: string): string =>
  systemTag.toLowerCase().startsWith(language) && isTag(systemTag) ? systemTag : language === 'en' ? 'en-GB' : language;

function isTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

const translators = new Map<Language, Translate>();

export function translator(language: Language): Translate {
  const known = translators.get(language) ?? makeTranslator(language);
  translators.set(language, known);
  return known;
}

/** What nothing is put into is looked up once: a table asks for the same few words with each row that comes into sight. */
function makeTranslator(language: Language): Translate {
  const instance = makeInstance(language);
  const plain = new Map<WordKey, string>();
  return (key, values) => {
    if (values !== undefined) return instance.t(key, values);
    const text = plain.get(key) ?? instance.t(key);
    plain.set(key, text);
    return text;
  };
}

function makeInstance(language: Language): i18n {
  const instance = i18next.createInstance();
  void instance.init({
    lng: language,
    fallbackLng: 'en',
    initAsync: false,
    resources: { en: { translation: en }, de: { translation: de } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<i18n['init']>[0]);
  return instance;
}
