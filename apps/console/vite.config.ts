import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const build = (part: string): string => here(`./build/${part}`);

/** What runs in Electron's own processes: everything but Electron and Node itself goes into the file. */
const inNode = { external: ['electron'], noExternal: true as const, conditions: ['source', 'module', 'node'] };

/** What of other people's is in a part, and on which terms: packages hand that on. */
const license = { fileName: 'licenses.json' };

/** One build, three parts: the window, the main process, and the one preload, which a sandbox takes as CommonJS only. */
export default defineConfig({
  root: here('./renderer'),
  base: './',
  logLevel: 'warn',
  builder: {},
  environments: {
    client: {
      resolve: { conditions: ['source', 'module', 'browser'] },
      build: {
        outDir: build('renderer'),
        emptyOutDir: true,
        license,
        target: 'chrome130',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 2048,
        rolldownOptions: {
          // The component library marks its files for servers that render; there is none here.
          onwarn: (warning, warn) => {
            if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
          },
        },
      },
    },
    main: {
      consumer: 'server',
      resolve: inNode,
      build: {
        outDir: build('main'),
        emptyOutDir: true,
        license,
        target: 'node20',
        ssr: true,
        rolldownOptions: {
          // The second is a thread of the first.
          input: { main: here('./main/main.ts'), agents: here('./main/agents/in-thread.ts') },
          output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        },
      },
    },
    preload: {
      consumer: 'server',
      resolve: inNode,
      build: {
        outDir: build('preload'),
        emptyOutDir: true,
        license,
        target: 'node20',
        ssr: true,
        rolldownOptions: {
          input: here('./preload/preload.ts'),
          output: { format: 'cjs', entryFileNames: 'preload.cjs' },
        },
      },
    },
  },
});
