import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useRef } from 'react';

interface WindowedProps<T> {
  readonly label: string;
  readonly head: readonly string[];
  /** `grid-template-columns`. */
  readonly columns: string;
  readonly rows: readonly T[];
  readonly keyOf: (row: T, index: number) => string;
  /** The row's cells, each with its role. */
  readonly render: (row: T, index: number) => ReactNode;
  /** Of rows that are not all as high as one. */
  readonly rowHeight?: (row: T) => number;
}

const ROW = 27;
/** Rows beyond what is seen, on each side: a wheel that turns fast brings some into sight before the page has heard of it. */
const OVERSCAN = 12;

/** A table of any length of which only what can be seen is in the document; a reader of the screen is told how many rows there are. */
export function Windowed<T>({ label, head, columns, rows, keyOf, render, rowHeight }: WindowedProps<T>) {
  const body = useRef<HTMLDivElement>(null);
  const measured = rowHeight === undefined ? null : rows;
  // Where this is another function all rows are measured anew: of thousands that takes longer than a frame has.
  // biome-ignore lint/correctness/useExhaustiveDependencies: nothing but other heights is a reason to
  const place = useCallback((index: number) => index, [measured]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: (index) => {
      const row = rows[index];
      return row === undefined || rowHeight === undefined ? ROW : rowHeight(row);
    },
    getItemKey: place,
    overscan: OVERSCAN,
  });
  return (
    <div className="us-table" role="table" aria-label={label} aria-rowcount={rows.length + 1} style={{ flex: 1 }}>
      <div className="us-row us-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: columns }}>
        {head.map((title) => (
          <span key={title} role="columnheader">
            {title}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <div className="us-body" ref={body} role="rowgroup" tabIndex={0} aria-label={label}>
        <div className="us-lines" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const style = { height: item.size, transform: `translateY(${item.start}px)` };
            return (
              <div className="us-line" role="presentation" key={keyOf(row, item.index)} style={style}>
                {render(row, item.index)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowProps {
  readonly columns: string;
  readonly index: number;
  readonly className?: string;
  readonly height?: number;
  readonly onOpen?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** The mouse may open anywhere in the row; the keyboard has the button in its first cell. */
export function Row({ columns, index, className = '', height = ROW, onOpen, children }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the button within is what the keyboard uses
    <div
      className={`us-row ${onOpen === undefined ? '' : 'us-row-link'} ${className}`}
      role="row"
      aria-rowindex={index + 2}
      style={{ gridTemplateColumns: columns, height }}
      onClick={onOpen}
    >
      {children}
    </div>
  );
}

export function Cell({
  children,
  className = '',
  title,
}: {
  readonly children: ReactNode;
  readonly className?: string;
  readonly title?: string | undefined;
}) {
  return (
    <span role="cell" className={className} title={title}>
      {children}
    </span>
  );
}
