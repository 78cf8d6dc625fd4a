/** What a codec gives back: samples, not yet grey values or colours. */
export interface Samples {
  readonly columns: number;
  readonly rows: number;
  readonly samplesPerPixel: number;
  /** 8 or 16 bits a sample, least significant byte first. */
  readonly bytesPerSample: 1 | 2;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Samples of one kind lie together (RRR…GGG…BBB…) instead of pixel by pixel. */
  readonly planar: boolean;
  /** The codec has already turned luminance and chrominance into red, green and blue. */
  readonly convertedToRgb: boolean;
}

/** An image that this program cannot decode, or whose bytes are broken. */
export class UndecodableFrame extends Error {}
