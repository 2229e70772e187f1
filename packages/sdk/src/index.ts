/**
 * sdk: the client's side of management. In: a profile (who we are, which servers we trust) and calls by name; out: checked answers,
 * pushes, and errors of a closed list. Promised: nothing is sent to a server whose certificate is not the pinned one, nothing reaches
 * the caller that does not have the agreed shape, and nothing hangs for ever. It never imports agent code.
 */
export { addressFromPerson } from './address.ts';
export { CONNECT_TIMEOUT_MS, type ConnectOptions, connect, connectLocal } from './connection/connect.ts';
export { type CallOptions, Connection } from './connection/connection.ts';
export { type FollowedJobs, followJobs } from './connection/follow-jobs.ts';
export { type KeptSubscription, keepSubscribed } from './connection/keep-subscribed.ts';
export { didYouMean } from './did-you-mean.ts';
export { errnoOf, SDK_ERROR_CODES, SdkError, type SdkErrorCode } from './errors.ts';
export { introduce } from './introduce.ts';
export { type PairOptions, pair } from './pair.ts';
export { type ClientIdentity, fingerprintOf, makeCertificate } from './profile/identity.ts';
export { Profile, type ProfileOptions, profileFolder } from './profile/profile.ts';
export type { KnownServer } from './profile/servers.ts';
export { rawPathFromBytes, rawPathFromText, textOfAnswer } from './raw-path.ts';
