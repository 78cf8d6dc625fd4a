/** The viewer as a whole: builds its parts and lets each show what the workspace holds. */
import { FrameDecoder } from '../codecs/client.ts';
import { readAddress, writeAddress } from './address.ts';
import { makeCommands } from './commands.ts';
import { recallPreferences, rememberPreferences, type Preferences, type ViewerConfig } from './config.ts';
import { DicomWeb } from './dicom/web.ts';
import { FindingsSource } from './findings/source.ts';
import type { CommandId } from './hotkeys.ts';
import { listenForKeys } from './keyboard.ts';
import { FindingsPanel } from './panels/findings.ts';
import { MarksPanel } from './panels/marks.ts';
import { CurrentHeader, PriorHeader, samePatient } from './panels/paneHeader.ts';
import { Thumbnails } from './panels/thumbnails.ts';
import { Studies } from './studies.ts';
import { Translator } from './strings.ts';
import { h } from './ui/dom.ts';
import { Help } from './ui/help.ts';
import { Toolbar } from './ui/toolbar.ts';
import { WindowMenu } from './ui/windowMenu.ts';
import { FrameSource } from './viewport/frames.ts';
import * as movements from './viewport/movements.ts';
import type { Pane } from './viewport/pane.ts';
import { Workspace } from './workspace.ts';

/** Below this the panel waits until it is asked for: the image comes first. */
const NARROW_PIXELS = 900;

export class Viewer {
  readonly workspace: Workspace;
  private readonly words: Translator;
  private readonly web: DicomWeb;
  private readonly frames: FrameSource;
  private readonly commands: Readonly<Record<CommandId, () => void>>;
  private readonly toolbar: Toolbar;
  private readonly windowMenu: WindowMenu;
  private readonly strip: Thumbnails;
  private readonly findingsPanel: FindingsPanel;
  private readonly marksPanel: MarksPanel;
  private readonly currentHeader: CurrentHeader;
  private readonly priorHeader: PriorHeader;
  private readonly help: Help;
  private readonly announcement = h('div', { class: 'nv-announcement', role: 'status' });
  private readonly panel = h('aside', { class: 'nv-panel' });
  private refreshing = false;
  /** What the reader said of the panel while the viewer was narrow; wide, the preference holds. */
  private narrowPanel = false;
  private firstImageShown = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly config: ViewerConfig,
  ) {
    const words = new Translator(config.language, config.strings);
    const decoder = new FrameDecoder();
    decoder.warm();
    this.words = words;
    this.web = new DicomWeb(config.dicomwebRoot);
    this.frames = new FrameSource(this.web, decoder);
    this.workspace = new Workspace(words, config, new Studies(this.web), this.frames, recallPreferences(config.preferences), {
      changed: () => this.changed(),
      qualityChanged: (pane) => this.qualityChanged(pane),
      say: (text) => this.say(text),
    });
    this.commands = this.makeCommands();
    const run = (command: CommandId): void => this.run(command);
    this.windowMenu = new WindowMenu(words, {
      choose: (voiKey) => this.workspace.chooseWindow(voiKey),
      type: (center, width) => movements.setWindow(this.workspace.active.viewport, center, width),
    });
    this.toolbar = new Toolbar(words, run, this.windowMenu.element);
    this.strip = new Thumbnails(words, (image) => this.web.thumbnailAddress(image), (index) => this.workspace.active.viewport.show(index, 1));
    this.findingsPanel = new FindingsPanel(words, (finding) => this.workspace.chooseFinding(finding));
    this.marksPanel = new MarksPanel(words, (mark) => this.workspace.active.remove(mark));
    this.currentHeader = new CurrentHeader(words);
    this.priorHeader = new PriorHeader(words, config.priors, config.studyUid, (studyUid) => void this.workspace.openBeside(studyUid));
    this.help = new Help(words, (preference, value) => this.changePreference(preference, value));
    this.build();
    listenForKeys({ workspace: this.workspace, run });
  }

  /** Open the study the page names, and what its address asks to lie beside it. */
  async open(): Promise<void> {
    const address = readAddress(location.hash);
    this.tell('viewer:ready', {});
    const current = this.workspace.openStudy(address.image - 1);
    if (this.config.findingsUrl !== null) this.askForFindings(this.config.findingsUrl);
    const offered = [this.config.studyUid, ...this.config.priors.map((prior) => prior.studyUid)];
    const beside = [address.beside, this.config.initialPrior].find((uid) => uid !== null && offered.includes(uid));
    this.workspace.current.viewport.warm();
    await current;
    if (beside !== undefined) await this.workspace.openBeside(beside);
  }

  run(command: CommandId): void {
    this.commands[command]();
  }

  private makeCommands(): Readonly<Record<CommandId, () => void>> {
    return makeCommands({
      workspace: this.workspace,
      changePreference: (preference, value) => this.changePreference(preference, value),
      toggleBeside: () => this.toggleBeside(),
      toggleFullScreen: () => this.toggleFullScreen(),
      togglePanel: () => this.togglePanel(),
      openHelp: () => this.help.open(this.workspace.preferences),
    });
  }

  private build(): void {
    const { current, beside } = this.workspace;
    current.header.append(this.currentHeader.element);
    beside.header.append(this.priorHeader.element);
    this.panel.setAttribute('aria-label', this.words.text('findings_panel'));
    this.panel.append(this.findingsPanel.element, this.marksPanel.element);
    if (this.config.findingsUrl === null) this.findingsPanel.element.hidden = true;
    const panes = h('div', { class: 'nv-panes' }, current.element, beside.element);
    const body = h('div', { class: 'nv-body' }, this.strip.element, panes, this.panel);
    this.root.classList.add('nv');
    this.root.setAttribute('role', 'region');
    this.root.setAttribute('aria-label', this.words.text('viewer'));
    this.root.lang = this.config.language;
    this.root.replaceChildren(this.toolbar.element, body, this.help.element, this.announcement);
  }

  private askForFindings(address: string): void {
    const source = new FindingsSource(address, this.config.studyUid, (findings) => {
      this.workspace.findings = findings;
      this.workspace.refresh();
    });
    void source.ask();
  }

  private toggleBeside(): void {
    const { workspace, config } = this;
    const next = workspace.besideStudy === null ? (config.priors[0]?.studyUid ?? config.studyUid) : null;
    void workspace.openBeside(next);
  }

  private toggleFullScreen(): void {
    // Refused (by policy, or in a frame): the page stays as it is.
    const change = document.fullscreenElement === null ? this.root.requestFullscreen() : document.exitFullscreen();
    change.catch(() => undefined);
  }

  private changePreference(preference: keyof Preferences, value: boolean): void {
    this.workspace.setPreference(preference, value);
    rememberPreferences(this.workspace.preferences);
  }

  private isNarrow(): boolean {
    return this.root.clientWidth < NARROW_PIXELS;
  }

  private isPanelShown(): boolean {
    return this.isNarrow() ? this.narrowPanel : this.workspace.preferences.panel;
  }

  private togglePanel(): void {
    if (!this.isNarrow()) this.changePreference('panel', !this.workspace.preferences.panel);
    else this.narrowPanel = !this.narrowPanel;
    this.changed();
  }

  private say(text: string): void {
    this.announcement.textContent = text;
  }

  /** Show everything anew, once a frame of the screen however much changed. */
  private changed(): void {
    if (this.refreshing) return;
    this.refreshing = true;
    requestAnimationFrame(() => {
      this.refreshing = false;
      this.showToolbar();
      this.showPanels();
      this.showAddress();
    });
  }

  private showToolbar(): void {
    const { workspace, toolbar } = this;
    const { display, image, history } = workspace.active.viewport;
    this.root.dataset['tool'] = workspace.tool;
    for (const tool of ['window', 'region', 'pan', 'zoom', 'ruler', 'angle', 'probe'] as const) {
      toolbar.setPressed(`tool.${tool}`, workspace.tool === tool);
    }
    toolbar.setPressed('view.invert', display?.invert === true);
    toolbar.setPressed('study.double', workspace.besideStudy !== null);
    toolbar.setPressed('study.link', workspace.linked);
    toolbar.setPressed('study.findings', workspace.showFindings);
    toolbar.setPressed('study.identity', workspace.hideIdentity);
    toolbar.setPressed('study.panel', this.isPanelShown());
    toolbar.setPressed('study.corners', workspace.preferences.cornerText);
    toolbar.setEnabled('view.undo', history?.canUndo === true);
    toolbar.setEnabled('study.link', workspace.besideStudy !== null);
    this.windowMenu.show(image, display);
  }

  private showPanels(): void {
    const { workspace } = this;
    const { current, beside, active } = workspace;
    for (const pane of [current, beside]) pane.element.classList.toggle('nv-active', pane === active && workspace.panes.length > 1);
    this.panel.hidden = !this.isPanelShown();
    this.strip.show(active.viewport.images, active.viewport.index);
    this.findingsPanel.show(workspace.findings, current.viewport.images, workspace.chosenFinding);
    this.marksPanel.show(active.viewport);
    this.currentHeader.show(current.viewport.image);
    if (workspace.besideStudy !== null) {
      this.priorHeader.show(workspace.besideStudy, samePatient(current.viewport.image, beside.viewport.image));
    }
  }

  private showAddress(): void {
    const { current, besideStudy } = this.workspace;
    if (current.viewport.image === null) return;
    const hash = writeAddress({ image: current.viewport.index + 1, beside: besideStudy });
    if (hash !== location.hash) history.replaceState(history.state, '', hash === '' ? location.pathname + location.search : hash);
  }

  private qualityChanged(pane: Pane): void {
    const { quality, image } = pane.viewport;
    this.tell('viewer:quality', { sop_instance_uid: image?.sopInstanceUid ?? null, quality });
    if (quality === 'full' && pane === this.workspace.current) this.imageShown(pane);
    this.changed();
  }

  private imageShown(pane: Pane): void {
    const isFirst = !this.firstImageShown;
    this.firstImageShown = true;
    // The second frame of the screen begins after the image was painted; nothing else may hold it up.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const detail = { sop_instance_uid: pane.viewport.image?.sopInstanceUid ?? null, milliseconds: performance.now() };
        if (isFirst) this.tell('viewer:first-image', detail);
        this.frames.prefetchAround(pane.viewport.images, pane.viewport.index);
      }),
    );
  }

  private tell(name: string, detail: Readonly<Record<string, string | number | null>>): void {
    this.root.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}
