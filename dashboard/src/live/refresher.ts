/**
 * Runs an action on demand, one run at a time and none within the pause after the last one began: what is asked for
 * meanwhile is one more run. So a busy queue costs each page that looks at it some reads a second, and no more.
 */
export class Refresher {
  readonly #action: () => Promise<unknown>;
  readonly #pauseMs: number;
  #running = false;
  #wanted = false;

  constructor(action: () => Promise<unknown>, pauseMs: number) {
    this.#action = action;
    this.#pauseMs = pauseMs;
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
      const pause = new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
      await this.#action().catch(() => {}); // the query holds its own error
      await pause;
    }
    this.#running = false;
  }
}
