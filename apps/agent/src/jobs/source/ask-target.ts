/** One question to a target: a hello that changes nothing but by its intent, and the answer. */
import { FrameType, type Hello, type Refuse, refuseSchema } from '@understudy/wire';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { helloJson } from './job-link.ts';

const ANSWER_MS = 10_000;

/** null: yes. `failed`: it could not be asked. */
export async function ask(dial: () => Promise<ReplicationLink>, hello: Hello): Promise<Refuse | null> {
  let link: ReplicationLink;
  try {
    link = await dial();
  } catch (error) {
    return { code: 'failed', sentence: (error as Error).message };
  }
  return new Promise((resolve) => {
    const give = (answer: Refuse | null) => {
      clearTimeout(timer);
      resolve(answer);
      link.close('the question is answered');
    };
    const timer = setTimeout(() => give({ code: 'failed', sentence: 'the target did not answer' }), ANSWER_MS);
    link.onClose((closed) => give({ code: 'failed', sentence: closed.sentence }));
    link.onFrame((header, payload) => {
      if (header.type === FrameType.welcome) give(null);
      else if (header.type === FrameType.refuse) give(parseJsonFrame(link, header, payload, refuseSchema));
    });
    link.sendJson(FrameType.hello, helloJson(hello));
  });
}
