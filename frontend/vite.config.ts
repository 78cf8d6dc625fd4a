import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;
/** One entry a kind of page; the site's own joins the build when its file is there. */
const entries = ['src/viewer.ts', 'src/site.ts'].filter((path) => existsSync(resolve(root, path)));

/** The glue of the WebAssembly codecs also runs in Node.js; a build is for browsers only. */
const absent = resolve(root, 'src/codecs/absent.ts');

export default defineConfig(({ command }) => ({
  root,
  resolve: { alias: command === 'build' ? { fs: absent, path: absent } : {} },
  base: '/static/build/',
  publicDir: false,
  worker: { format: 'es' },
  build: {
    outDir: resolve(root, '../src/negatoscope/doors/web/static/build'),
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    // WebAssembly must stay a file of its own: a data: address would need a looser content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: entries.map((path) => resolve(root, path)),
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
}));
