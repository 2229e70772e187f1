import type { ReactNode } from 'react';

interface ScreenBodyProps {
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Everything of a screen below its bar. */
export function ScreenBody({ label, className = '', children }: ScreenBodyProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section className={`us-screen ${className}`} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
