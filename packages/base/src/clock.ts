/** Time as the engine sees it: handed in, never fetched. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  monotonicMs(): number;
  /** Wall clock, milliseconds since 1970 UTC. */
  wallMs(): number;
}

export interface Random {
  /** A float in [0, 1). */
  next(): number;
}
