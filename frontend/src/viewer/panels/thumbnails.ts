/** The strip of a study's images. */
import type { RadiographImage } from '../dicom/image.ts';
import type { Translator } from '../strings.ts';
import { h, setAttribute } from '../ui/dom.ts';

export class Thumbnails {
  readonly element: HTMLElement;
  private images: readonly RadiographImage[] = [];
  private buttons: HTMLButtonElement[] = [];

  constructor(
    private readonly words: Translator,
    private readonly addressOf: (image: RadiographImage) => string,
    private readonly choose: (index: number) => void,
  ) {
    this.element = h('nav', { class: 'nv-strip', 'aria-label': words.text('images'), hidden: true });
  }

  show(images: readonly RadiographImage[], index: number): void {
    if (images !== this.images) {
      this.images = images;
      this.buttons = images.map((image, at) => this.button(image, at));
      this.element.replaceChildren(...this.buttons);
      this.element.hidden = images.length < 2;
    }
    this.buttons.forEach((button, at) => setAttribute(button, 'aria-current', at === index ? 'true' : null));
  }

  private button(image: RadiographImage, at: number): HTMLButtonElement {
    const { laterality } = image;
    const side = laterality === 'R' || laterality === 'L' ? this.words.text(`side_${laterality}`) : '';
    const caption = [image.view ?? image.modality, side].filter((part) => part !== '').join(' ');
    const counted = this.words.text('image_of', { number: at + 1, total: this.images.length });
    const name = this.words.labelled(counted, caption);
    const picture = h('img', { src: this.addressOf(image), alt: '', loading: 'lazy', decoding: 'async', draggable: 'false' });
    // A server without thumbnails leaves the caption; a broken picture would only disturb.
    picture.addEventListener('error', () => picture.remove());
    const button = h(
      'button',
      { type: 'button', class: 'nv-thumbnail', 'aria-label': name, title: name },
      h('span', { class: 'nv-thumbnail-picture' }, picture),
      h('span', { class: 'nv-thumbnail-caption' }, `${at + 1} · ${caption}`),
    );
    button.addEventListener('click', () => this.choose(at));
    return button;
  }
}
