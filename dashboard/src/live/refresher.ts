/** Runs an action on demand, one run at a time: what is asked for during a run is one more run after it. */
export class Refresher {
  readonly #action: () => Promise<unknown>;
  #running = false;
  #wanted = false;

  constructor(action: () => Promise<unknown>) {
    this.#action = action;
  }

  ask(): void {
    this.#wanted = true;
    if (!this.#running) void this.#run();
  }

  stop(): void {
    this.#wanted = false;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#action().catch(() => {}); // the query holds its own error
    }
    this.#running = false;
  }
}
