import { Button, Modal } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useReducer, useState } from 'react';
import { closeSheet } from '../../store/app.ts';
import { useWords } from '../../use-words.ts';
import { CheckStep } from './check-step.tsx';
import { emptyDraft, isComplete, type WizardStep, withChoice, wizardSteps } from './draft.ts';
import { OptionsStep } from './options-step.tsx';
import { SourceStep } from './source-step.tsx';
import type { StepProps } from './step-props.ts';
import { TargetStep } from './target-step.tsx';
import { WhatStep } from './what-step.tsx';

export function ProtectWizard({ source }: { readonly source: string | null }) {
  const { t } = useWords();
  const [draft, change] = useReducer(withChoice, emptyDraft(source));
  const [step, setStep] = useState<WizardStep>('source');
  const at = wizardSteps.indexOf(step);
  const move = (by: number): void => setStep(wizardSteps[at + by] ?? step);
  return (
    <Modal
      opened
      onClose={closeSheet}
      title={<strong>{t('protect.title')}</strong>}
      size={860}
      closeOnClickOutside={false}
    >
      <div className="us-wizard">
        <ol className="us-wizard-steps">
          {wizardSteps.map((one, index) => (
            <li key={one} aria-current={one === step ? 'step' : undefined}>
              {index < at ? <IconCheck size={14} aria-hidden /> : <span className="us-num">{index + 1}</span>}
              {t(`protect.steps.${one}`)}
            </li>
          ))}
        </ol>
        <StepBody step={step} draft={draft} change={change} />
        <div className="us-wizard-end">
          <Button variant="default" onClick={closeSheet}>
            {t('common.cancel')}
          </Button>
          {at === 0 ? null : (
            <Button variant="default" onClick={() => move(-1)}>
              {t('common.back')}
            </Button>
          )}
          {step === 'check' ? null : (
            <Button disabled={!isComplete(step, draft)} onClick={() => move(1)}>
              {t('common.next')}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  );
}

function StepBody({ step, draft, change }: StepProps & { readonly step: WizardStep }) {
  if (step === 'source') return <SourceStep draft={draft} change={change} />;
  if (step === 'what') return <WhatStep draft={draft} change={change} />;
  if (step === 'target') return <TargetStep draft={draft} change={change} />;
  if (step === 'options') return <OptionsStep draft={draft} change={change} />;
  return <CheckStep draft={draft} change={change} />;
}
