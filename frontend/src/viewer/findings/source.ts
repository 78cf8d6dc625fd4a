/** Asks the server for findings, and again while a model is at work. */
import { readFindings, type Findings } from './model.ts';

const ASK_AGAIN_AFTER_MS = 3000;
/** The page's live events, with the study they are about. */
const LIVE_EVENT = 'negatoscope:event';

function studyOf(event: Event): string | null {
  const detail: unknown = event instanceof CustomEvent ? event.detail : null;
  if (typeof detail !== 'object' || detail === null || !('study_uid' in detail)) return null;
  return typeof detail.study_uid === 'string' ? detail.study_uid : null;
}

export class FindingsSource {
  private timer: number | undefined;

  constructor(
    private readonly address: string,
    studyUid: string,
    private readonly onFindings: (findings: Findings) => void,
  ) {
    document.addEventListener(LIVE_EVENT, (event) => {
      if (studyOf(event) === studyUid) void this.ask();
    });
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
