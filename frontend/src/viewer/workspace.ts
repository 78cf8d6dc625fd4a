/** The panes and what holds for all of them: the tool, the layout, the link, what is hidden. */
import type { Preferences, ViewerConfig } from './config.ts';
import type { Finding, Findings } from './findings/model.ts';
import { bestMatch, type Studies } from './studies.ts';
import type { Translator } from './strings.ts';
import type { FrameSource } from './viewport/frames.ts';
import * as movements from './viewport/movements.ts';
import { Pane, type PaneState } from './viewport/pane.ts';
import type { Tool } from './viewport/pointer.ts';
import type { ViewportSettings } from './viewport/viewport.ts';

export interface WorkspaceListener {
  /** Something the toolbar or a panel shows has changed. */
  readonly changed: () => void;
  readonly qualityChanged: (pane: Pane) => void;
  readonly say: (text: string) => void;
}

export class Workspace {
  readonly current: Pane;
  readonly beside: Pane;
  active: Pane;
  tool: Tool = 'window';
  linked = true;
  hideIdentity = false;
  showFindings = true;
  findings: Findings = { status: 'no_model', models: [], findings: [] };
  chosenFinding: string | null = null;
  /** The study in the second pane; null when there is one pane. */
  besideStudy: string | null = null;

  constructor(
    private readonly words: Translator,
    private readonly config: ViewerConfig,
    private readonly studies: Studies,
    frames: FrameSource,
    public preferences: Preferences,
    private readonly listener: WorkspaceListener,
  ) {
    const make = (): Pane =>
      new Pane(words, frames, this.settings(), this.paneState(), {
        activated: (pane) => this.activate(pane),
        placed: (pane) => this.follow(pane),
        windowed: (pane, contrast, brightness, keep) => this.adjustWindow(pane, contrast, brightness, keep),
        drawn: () => listener.changed(),
        qualityChanged: (pane) => this.qualityChanged(pane),
        say: listener.say,
        tool: () => this.tool,
      });
    this.current = make();
    this.beside = make();
    this.active = this.current;
    this.beside.element.hidden = true;
  }

  get panes(): readonly Pane[] {
    return this.besideStudy === null ? [this.current] : [this.current, this.beside];
  }

  activate(pane: Pane): void {
    if (this.active === pane) return;
    this.active = pane;
    this.listener.changed();
  }

  async openStudy(index: number): Promise<void> {
    await this.fill(this.current, this.config.studyUid, () => index);
  }

  /** Put a study beside the current one; null goes back to one pane. */
  async openBeside(studyUid: string | null): Promise<void> {
    this.besideStudy = studyUid;
    this.beside.element.hidden = studyUid === null;
    this.current.header.hidden = studyUid === null;
    this.beside.header.hidden = studyUid === null;
    if (studyUid === null) this.active = this.current;
    this.listener.changed();
    if (studyUid !== null) {
      await this.fill(this.beside, studyUid, (images) => bestMatch(images, this.current.viewport.image));
    }
  }

  /** Show the image a finding points to. */
  chooseFinding(finding: Finding): void {
    const { viewport } = this.current;
    const index = viewport.images.findIndex((image) => image.sopInstanceUid === finding.sopInstanceUid);
    this.chosenFinding = finding.findingId;
    this.showFindings = true;
    if (index !== -1 && (index !== viewport.index || finding.frame !== viewport.frameNumber)) viewport.show(index, finding.frame);
    this.refresh();
  }

  stepImage(by: number): void {
    const { viewport } = this.active;
    const next = Math.min(Math.max(viewport.index + by, 0), viewport.images.length - 1);
    if (viewport.images.length > 0 && next !== viewport.index) viewport.show(next, 1);
  }

  /** Do the same on the active pane and, when linked, on the other. */
  adjustWindow(pane: Pane, contrast: number, brightness: number, keep: boolean): void {
    for (const each of this.linkedWith(pane)) movements.adjustWindow(each.viewport, contrast, brightness, keep);
  }

  /** Choose a window; a linked pane takes its own window of the same name, or the same computation. */
  chooseWindow(voiKey: string): void {
    const name = this.active.viewport.image?.voiChoices.find((choice) => choice.key === voiKey)?.explanation;
    for (const pane of this.linkedWith(this.active)) {
      const alike = pane.viewport.image?.voiChoices.find((choice) => name !== '' && choice.explanation === name)?.key;
      const own = pane === this.active || name === undefined ? voiKey : alike;
      if (own !== undefined) movements.chooseWindow(pane.viewport, own);
    }
  }

  linkedWith(pane: Pane): readonly Pane[] {
    return this.linked ? this.panes : [pane];
  }

  /** Let the other pane look where this one looks. */
  follow(pane: Pane): void {
    const view = movements.relativeView(pane.viewport);
    if (view === null) return;
    for (const each of this.linkedWith(pane)) if (each !== pane) movements.followView(each.viewport, view);
  }

  setPreference(preference: keyof Preferences, value: boolean): void {
    this.preferences = { ...this.preferences, [preference]: value };
    this.refresh();
  }

  /** Hand all panes what holds for them. */
  refresh(): void {
    for (const pane of [this.current, this.beside]) {
      pane.setState(this.paneState());
      pane.viewport.apply(this.settings());
    }
    this.listener.changed();
  }

  private qualityChanged(pane: Pane): void {
    // A linked image that arrives later takes the view it would have had.
    if (pane.viewport.quality === 'full' && pane === this.beside && this.linked) this.follow(this.current);
    this.listener.qualityChanged(pane);
  }

  private async fill(pane: Pane, studyUid: string, choose: (images: Pane['viewport']['images']) => number): Promise<void> {
    const wanted = (): boolean => pane === this.current || this.besideStudy === studyUid;
    pane.setNotice(null);
    pane.viewport.open([], 0);
    try {
      const images = await this.studies.images(studyUid);
      if (!wanted()) return;
      if (images.length === 0) pane.setNotice(this.words.text('failure_empty'));
      pane.viewport.open(images, choose(images));
    } catch {
      if (wanted()) pane.setNotice(this.words.text('failure_study'));
    }
  }

  private settings(): ViewportSettings {
    return { renderer: this.preferences.drawOnProcessor ? 'canvas' : 'auto', smooth: this.preferences.smooth };
  }

  private paneState(): PaneState {
    return {
      hideIdentity: this.hideIdentity,
      cornerText: this.preferences.cornerText,
      findings: this.findings.findings,
      showFindings: this.showFindings,
      chosenFinding: this.chosenFinding,
    };
  }
}
