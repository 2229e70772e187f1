import { IconAlertTriangle, IconCircleCheck, IconInfoCircle, IconOctagonMinus } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface PanelProps {
  readonly title: string;
  readonly end?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Panel({ title, end, children, className = '' }: PanelProps) {
  return (
    <section className={`us-panel ${className}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {end === undefined ? null : <div className="us-panel-end">{end}</div>}
      </header>
      {children}
    </section>
  );
}

const NOTE = {
  good: IconCircleCheck,
  busy: IconInfoCircle,
  risk: IconAlertTriangle,
  halted: IconOctagonMinus,
} as const;

/** A sentence that a person has to see, with a sign of how bad it is. */
export function Note({ kind, children }: { readonly kind: keyof typeof NOTE; readonly children: ReactNode }) {
  const Shape = NOTE[kind];
  return (
    <div className={`us-note us-wash-${kind}`} role={kind === 'halted' ? 'alert' : 'status'}>
      <span className={`us-${kind}`}>
        <Shape size={16} aria-hidden />
      </span>
      <div className="us-break us-pre">{children}</div>
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="us-empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** Term and description, one a line. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="us-facts">
      {facts.map(([term, description]) => (
        <FactPair key={term} term={term}>
          {description}
        </FactPair>
      ))}
    </dl>
  );
}

function FactPair({ term, children }: { readonly term: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{term}</dt>
      <dd className="us-break us-num">{children}</dd>
    </>
  );
}
