/**
 * house: the decoders of what comes from outside (the wire, a disk, another program, a person), as data, each with the test that throws any
 * bytes and changed recordings at it. `decoders.test.ts` applies it to the tree.
 *
 * In: nothing. Out: decoder, where it lies, its fuzz test. Promised: every fuzz test stands here, and what `wire` exports to decode is all here.
 */

export interface Decoder {
  /** A name that its file holds. */
  readonly name: string;
  readonly file: string;
  readonly fuzz: string;
}

const of = (folder: string, file: string, fuzz: string, ...names: readonly string[]): Decoder[] =>
  names.map((name) => ({ name, file: `${folder}/${file}`, fuzz: `${folder}/${fuzz}.fuzz.test.ts` }));

const replication = 'packages/wire/src/replication';
const management = 'packages/wire/src/management';
const path = 'packages/engine/src/data-path';
const fuse = 'packages/interceptor/src/fuse';
const agent = 'apps/agent/src';

export const decoders: readonly Decoder[] = [
  // What two agents say to each other.
  ...of(replication, 'frame.ts', 'replication', 'decodeFrameHeader'),
  ...of(replication, 'record.ts', 'replication', 'peekLength', 'decodeRecord'),
  ...of(replication, 'xattrs.ts', 'replication', 'decodeXattrs'),
  ...of(
    replication,
    'messages.ts',
    'messages',
    ...['helloSchema', 'welcomeSchema', 'refuseSchema', 'repliesSchema', 'replySchema', 'conditionSchema'],
    ...['standingSchema', 'targetWritesSchema', 'brakeLimitsSchema'],
  ),
  ...of(`${agent}/ports/replication-link`, 'frame-reader.ts', 'frame-reader', 'FrameReader'),
  ...of(`${agent}/ports/replication-link`, 'replication-link.ts', 'json-frame', 'parseJsonFrame'),
  ...of(`${agent}/ports/compression`, 'index.ts', 'expand', 'expand'),
  // The whole of the target behind them, over memory that refuses what is endless.
  ...of(`${path}/target`, 'testing/hostile-source.ts', 'hostile', 'limited'),
  ...of(`${path}/target`, 'testing/hostile-source.ts', 'recorded', 'limited'),

  // What a console, a command line or another agent says to an agent, and hears of it.
  ...of(management, 'envelope.ts', 'management', 'requestSchema', 'messageSchema'),
  ...of(management, 'calls.ts', 'management', 'calls', 'topics'),
  ...of(management, 'vocabulary.ts', 'management', 'parseAddress'),
  ...of('packages/sdk/src/connection', 'connection.ts', 'connection', 'Connection'),
  ...of('packages/sdk/src/connection', 'follow-jobs.ts', 'connection', 'followJobs'),
  ...of('packages/sdk/src/connection', 'open-websocket.ts', 'connection', 'openWebSocket'),
  ...of(`${agent}/pairing`, 'agent-client.ts', 'agent-client', 'openAgentClient'),
  ...of(`${agent}/identity`, 'refusal.ts', 'refusal', 'readRefusal'),
  ...of(`${agent}/witness`, 'etcd-register.ts', 'etcd-register', 'EtcdRegister'),

  // What an agent finds on its own disk.
  ...of(`${agent}/jobs`, 'stored-job.ts', 'stored-files', 'storedJobSchema'),
  ...of(`${agent}/jobs/source`, 'queue-folder.ts', 'left-behind', 'QueueFolder'),
  ...of(`${agent}/jobs/target`, 'journal-codec.ts', 'journal', 'decodeLine'),
  ...of(`${agent}/jobs/target`, 'journal-state.ts', 'journal', 'loadState'),
  ...of(`${agent}/jobs/target`, 'received-segments.ts', 'received-segments', 'ReceivedSegments'),
  ...of(`${agent}/jobs/target`, 'stored-replicas.ts', 'stored-replicas', 'StoredReplicas'),
  ...of(`${agent}/ports/segments`, 'segment-store.ts', 'segment-store', 'SegmentStore'),
  ...of(`${agent}/events`, 'event-log.ts', 'event-log', 'EventLog'),
  ...of(`${path}/source/queue`, 'queue-store.ts', 'queue-store', 'decodeStoredHead'),
  ...of(`${path}/target/apply/brake`, 'undo-log.ts', 'undo-log', 'decodeUndo'),
  ...of(fuse, 'lost-ring.ts', 'lost-ring', 'LostRing'),
  ...of(fuse, 'roots-file.ts', 'roots-file', 'RootsFile'),

  // What other processes and programs of the server say.
  ...of(fuse, 'ring-reader.ts', 'ring-memory', 'RingReader'),
  ...of(fuse, 'activity-log.ts', 'activity-log', 'parseActivityLog'),
  ...of(fuse, '../../native/linux/holder_clients.c', 'holder-clients', 'clients_handle'),
  ...of('packages/interceptor/src/tripwire', 'bypass.ts', 'bypass', 'parseBypass'),
  ...of(`${agent}/presets`, 'syntaxes.ts', 'presets', 'settingsOf'),
  ...of(`${agent}/presets`, 'places.ts', 'presets', 'matchesOf'),
  ...of(`${agent}/presets`, 'server-view.ts', 'presets', 'accountsIn'),
  ...of(`${agent}/presets`, 'listeners.ts', 'presets', 'listeningIn'),
];
