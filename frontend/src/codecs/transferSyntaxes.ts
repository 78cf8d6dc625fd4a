/** The transfer syntaxes whose frames are decoded here; others are asked for uncompressed. */
export const DECODABLE = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.5',
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.57',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.81',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.201',
  '1.2.840.10008.1.2.4.202',
  '1.2.840.10008.1.2.4.203',
] as const;

export type DecodableSyntax = (typeof DECODABLE)[number];

export function canDecode(transferSyntaxUid: string): transferSyntaxUid is DecodableSyntax {
  return DECODABLE.some((known) => known === transferSyntaxUid);
}
