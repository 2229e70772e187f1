/** One question to a target: a hello that changes nothing but by its intent, and the answer. */
import { FrameType, type Hello, type Refuse, refuseSchema, type Welcome, welcomeSchema } from '@understudy/wire';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { helloJson } from './job-link.ts';

const ANSWER_MS = 10_000;

/** null: yes. `failed`: it could not be asked. */
export async function ask(dial: () => Promise<ReplicationLink>, hello: Hello): Promise<Refuse | null> {
  const answer = await askWell(dial, hello);
  return 'sentence' in answer ? answer : null;
}

/** The same with what the target says to it. */
export async function askWell(dial: () => Promise<ReplicationLink>, hello: Hello): Promise<Refuse | Welcome> {
  let link: ReplicationLink;
  try {
    link = await dial();
  } catch (error) {
    return { code: 'failed', sentence: (error as Error).message };
  }
  return new Promise((resolve) => {
    const give = (answer: Refuse | Welcome) => {
      clearTimeout(timer);
      resolve(answer);
      link.close('the question is answered');
    };
    const timer = setTimeout(() => give({ code: 'failed', sentence: 'the target did not answer' }), ANSWER_MS);
    link.onClose((closed) => give({ code: 'failed', sentence: closed.sentence }));
    link.onFrame((header, payload) => {
      const answer =
        header.type === FrameType.welcome
          ? parseJsonFrame(link, header, payload, welcomeSchema)
          : header.type === FrameType.refuse
            ? parseJsonFrame(link, header, payload, refuseSchema)
            : null;
      if (answer !== null) give(answer);
    });
    link.sendJson(FrameType.hello, helloJson(hello));
  });
}
