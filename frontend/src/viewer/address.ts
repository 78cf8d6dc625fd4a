/** The part of the page's address that says what is shown, so that a reload or a bookmark brings it back. */

export interface AddressState {
  readonly image: number;
  /** Study beside the current one; null when one pane is shown. */
  readonly beside: string | null;
}

const UID = /^[0-9.]{1,64}$/;

export function readAddress(hash: string): AddressState {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const image = Number(parameters.get('image') ?? '1');
  const beside = parameters.get('beside');
  return {
    image: Number.isInteger(image) && image >= 1 ? image : 1,
    beside: beside !== null && UID.test(beside) ? beside : null,
  };
}

export function writeAddress(state: AddressState): string {
  const parameters = new URLSearchParams();
  if (state.image !== 1) parameters.set('image', String(state.image));
  if (state.beside !== null) parameters.set('beside', state.beside);
  const text = parameters.toString();
  return text === '' ? '' : `#${text}`;
}
