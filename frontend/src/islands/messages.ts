/** Sentences the islands say, from the catalogue of the page. */

let sentences: Record<string, string> | undefined;

function read(): Record<string, string> {
  const source = document.getElementById('messages')?.textContent;
  const parsed: unknown = source ? JSON.parse(source) : {};
  return parsed as Record<string, string>; // written by our own template, keys and values are strings
}

/** Return a sentence in the language of the page, `{name}` replaced by values. */
export function sentence(key: string, values: Readonly<Record<string, string | number>> = {}): string {
  sentences ??= read();
  return fill(sentences[key] ?? key, values);
}

/** Put values in the places a sentence names. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
