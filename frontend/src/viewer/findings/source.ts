/** Asks the server for findings, and again while a model is at work. */
import { readFindings, type Findings } from './model.ts';

const ASK_AGAIN_AFTER_MS = 3000;
/** The page's own live events say when findings of the open study changed. */
export const FINDINGS_CHANGED = 'negatoscope:findings-changed';

export class FindingsSource {
  private timer: number | undefined;

  constructor(
    private readonly address: string,
    private readonly onFindings: (findings: Findings) => void,
  ) {
    document.addEventListener(FINDINGS_CHANGED, () => void this.ask());
  }

  /** Ask now. */
  async ask(): Promise<void> {
    window.clearTimeout(this.timer);
    const findings = await this.fetch();
    this.onFindings(findings);
    if (findings.status === 'waiting' || findings.status === 'running') {
      this.timer = window.setTimeout(() => void this.ask(), ASK_AGAIN_AFTER_MS);
    }
  }

  private async fetch(): Promise<Findings> {
    try {
      const response = await fetch(this.address, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      return readFindings(response.ok ? await response.json() : null);
    } catch {
      return readFindings(null);
    }
  }
}
