/**
 * service-client.mjs CONNECTION HOST PORT: a client that writes through a service's address: one row after another, each once the one before
 * is committed, and over a new connection where one breaks or says nothing for two seconds. A number whose answer did not come is not used
 * again. Prints `ok NUMBER NANOSECONDS` (CLOCK_MONOTONIC) when a commit has been answered.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [connection = '', host = '', port = ''] = process.argv.slice(2);
const SILENT_MS = 2000;
const ASK_MS = 200;
const AGAIN_MS = 25;

let next = 0;

/** libpq waits for whole seconds; a moment is to be measured. */
function opens() {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const settle = (well) => {
      socket.destroy();
      resolve(well);
    };
    socket.setTimeout(ASK_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function write() {
  return new Promise((resolve) => {
    const psql = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', connection], { stdio: ['pipe', 'pipe', 'ignore'] });
    let timer;
    const insert = () => {
      clearTimeout(timer);
      timer = setTimeout(() => psql.kill('SIGKILL'), SILENT_MS);
      psql.stdin.write(`INSERT INTO ledger VALUES (${next}) RETURNING id;\n`);
    };
    psql.stdin.on('error', () => {});
    createInterface({ input: psql.stdout }).on('line', (line) => {
      process.stdout.write(`ok ${line} ${process.hrtime.bigint()}\n`);
      next = Number(line) + 1;
      insert();
    });
    psql.once('exit', () => {
      clearTimeout(timer);
      next += 1;
      resolve();
    });
    insert();
  });
}

process.on('SIGTERM', () => process.exit(0));
for (;;) {
  if (await opens()) await write();
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
}
