/** Open descriptors by key, the least recently used closed first. Owns what is put into it. */
import { close } from './open.ts';

export class DescriptorCache<K> {
  readonly #open = new Map<K, number>();
  readonly #limit: number;
  #lastKey: K | undefined;
  #lastFd = -1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The descriptor, or -1. It stays open until `limit` others have been used. */
  get(key: K): number {
    if (this.#lastFd >= 0 && this.#lastKey === key) return this.#lastFd;
    const fd = this.#open.get(key);
    if (fd === undefined) return -1;
    this.#open.delete(key);
    this.#open.set(key, fd);
    this.#lastKey = key;
    this.#lastFd = fd;
    return fd;
  }

  put(key: K, fd: number): void {
    this.drop(key);
    if (this.#open.size >= this.#limit) this.#dropOldest();
    this.#open.set(key, fd);
    this.#lastKey = key;
    this.#lastFd = fd;
  }

  drop(key: K): void {
    const fd = this.#open.get(key);
    if (fd === undefined) return;
    this.#open.delete(key);
    if (this.#lastFd === fd) this.#lastFd = -1;
    close(fd);
  }

  #dropOldest(): void {
    for (const key of this.#open.keys()) {
      this.drop(key);
      return;
    }
  }

  clear(): void {
    for (const fd of this.#open.values()) close(fd);
    this.#open.clear();
    this.#lastFd = -1;
  }
}
