import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useWords } from '../use-words.ts';

/** The first lines of it, and on demand all of it, within bounds: one sentence must not push everything else out of sight. */
export function LongText({ children }: { readonly children: ReactNode }) {
  const { t } = useWords();
  const place = useRef<HTMLDivElement>(null);
  const [isCut, setCut] = useState(false);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    // Which width it has, and so how many lines, is the window's matter.
    const observer = new ResizeObserver(() => setCut(element.scrollHeight > element.clientHeight + 1));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // What scrolls has to be reached by the keyboard.
  const scrolls = isOpen ? { role: 'group', tabIndex: 0 } : {};
  return (
    <div>
      <div className={`us-break us-pre ${isOpen ? 'us-long-open' : 'us-long'}`} ref={place} {...scrolls}>
        {children}
      </div>
      {isCut || isOpen ? (
        <button type="button" className="us-more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t(isOpen ? 'common.readLess' : 'common.readAll')}
        </button>
      ) : null}
    </div>
  );
}
