/** The studies of this page: opened once, and the image of a prior that best matches the current one. */
import type { RadiographImage } from './dicom/image.ts';
import type { DicomWeb } from './dicom/web.ts';

export class Studies {
  private readonly opened = new Map<string, Promise<readonly RadiographImage[]>>();

  constructor(private readonly web: DicomWeb) {}

  /** List a study's images; a failure is forgotten, so that asking again tries again. */
  images(studyUid: string): Promise<readonly RadiographImage[]> {
    const known = this.opened.get(studyUid);
    if (known !== undefined) return known;
    const opening = this.web.images(studyUid, new AbortController().signal).catch((error: unknown) => {
      this.opened.delete(studyUid);
      throw error;
    });
    this.opened.set(studyUid, opening);
    return opening;
  }
}

function likeness(image: RadiographImage, wanted: RadiographImage): number {
  const same = (a: string | undefined, b: string | undefined): boolean => a !== undefined && a === b;
  return (
    (same(image.view, wanted.view) ? 4 : 0) +
    (same(image.laterality, wanted.laterality) ? 2 : 0) +
    (same(image.bodyPart, wanted.bodyPart) ? 2 : 0) +
    (image.sopInstanceUid === wanted.sopInstanceUid ? -9 : 0)
  );
}

/** Index of the image to lay beside `wanted`: same view, side and body part first. */
export function bestMatch(images: readonly RadiographImage[], wanted: RadiographImage | null): number {
  if (wanted === null) return 0;
  const scores = images.map((image) => likeness(image, wanted));
  return Math.max(scores.indexOf(Math.max(...scores)), 0);
}
