/** Save a text as it is typed: one request at a time, the latest text last, and never over somebody else's. */

/** The sections of a report by name. */
export type Body = Readonly<Record<string, string>>;

/** What the server tells of the report after each save, or instead of one. */
export interface Told {
  readonly version: number;
  readonly state: string;
  readonly body: Body;
  readonly saved_by: string;
  readonly saved_at: string;
}

/** What may become of a save. */
export type Outcome =
  | { readonly kind: 'saved'; readonly told: Told }
  | { readonly kind: 'other'; readonly told: Told }
  | { readonly kind: 'refused'; readonly reason: string };

/** Send a text that was read as `version`. */
export type Send = (version: number, body: Body) => Promise<Outcome>;

/** What the editor shows. */
export type Shown = 'unsaved' | 'saving' | 'saved' | 'other' | 'refused';

const PAUSE_MS = 700;

/** Keep the text of one report. */
export class Saver {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | undefined;
  private changed = false;
  private stopped = false;

  constructor(
    private version: number,
    private readonly read: () => Body,
    private readonly send: Send,
    private readonly show: (shown: Shown, outcome?: Outcome) => void,
    private readonly pauseMs: number = PAUSE_MS,
  ) {}

  get isDirty(): boolean {
    return this.changed || this.running !== undefined;
  }

  get currentVersion(): number {
    return this.version;
  }

  /** Note a change; it is sent after a pause in the typing. */
  touch(): void {
    this.changed = true;
    if (this.stopped) return;
    this.show('unsaved');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), this.pauseMs);
  }

  /** Send what is not saved yet; resolve true when everything is saved. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    while (!this.stopped && (this.running !== undefined || this.changed)) {
      this.running ??= this.sendOnce().finally(() => (this.running = undefined));
      await this.running;
      if (this.failed) return false;
    }
    return !this.stopped;
  }

  /** Go on from another text of the report, after both were shown. */
  resume(version: number, sendMine: boolean): void {
    this.version = version;
    this.stopped = false;
    this.changed = sendMine;
    if (sendMine) void this.flush();
  }

  private failed = false;

  private async sendOnce(): Promise<void> {
    this.changed = false;
    this.failed = false;
    this.show('saving');
    const outcome = await this.send(this.version, this.read());
    if (outcome.kind === 'saved') {
      this.version = outcome.told.version;
      this.show(this.changed ? 'unsaved' : 'saved', outcome);
      return;
    }
    this.changed = true;
    this.failed = true;
    if (outcome.kind === 'other') this.stopped = true;
    this.show(outcome.kind, outcome);
  }
}
