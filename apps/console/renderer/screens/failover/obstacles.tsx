import { Checkbox } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Obstacle } from '@understudy/wire';
import { sentence } from '../../format.ts';
import { Panel } from '../../parts/panel.tsx';
import { useWords } from '../../use-words.ts';

interface ObstaclesProps {
  readonly plan: { readonly obstacles: readonly Obstacle[] };
  readonly risks: readonly string[];
  readonly onChange: (risks: readonly string[]) => void;
}

/** Taken once, a risk is no obstacle any more: it stays to be seen, so that it can be taken back. */
export function Obstacles({ plan, risks, onChange }: ObstaclesProps) {
  const { t } = useWords();
  if (plan.obstacles.length === 0 && risks.length === 0) return null;
  return (
    <Panel title={t('failover.obstacles')}>
      <ul className="us-panel-body us-form">
        {plan.obstacles.map(({ code, sentence: said, risk }) => (
          <li key={code} className="us-form">
            <span className="us-state-line us-halted">
              <IconAlertTriangle size={15} aria-hidden />
              <span className="us-break">{sentence(said)}</span>
            </span>
            {risk === null ? null : (
              <Checkbox
                label={`${t('failover.risk')} (${risk})`}
                checked={false}
                onChange={() => onChange([...risks, risk])}
              />
            )}
          </li>
        ))}
        {risks.map((risk) => (
          <li key={risk}>
            <Checkbox
              label={`${t('failover.risk')} (${risk})`}
              checked
              onChange={() => onChange(risks.filter((one) => one !== risk))}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
