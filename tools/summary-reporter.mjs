/**
 * A vitest reporter that writes what `test.mjs` sums up, as JSON to the file named by UNDERSTUDY_TEST_SUMMARY: counts a suite (a
 * project's package), every skipped test with its reason, every failure by name. A test says why it is skipped by
 * `ctx.skip(why)`, or, before a skipped group, by printing `SKIPPED title: why`.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';

export default class SummaryReporter {
  #root = process.cwd();
  /** Title of a group → why it is skipped. */
  #reasons = new Map();
  #modules = new Set();

  onInit(vitest) {
    this.#root = vitest.config.root;
  }

  onUserConsoleLog(log) {
    for (const [, title, why] of log.content.matchAll(/^SKIPPED (.+?): (.+)$/gm)) this.#reasons.set(title, why);
  }

  /** Written after every file, so that a run that is stopped has still told what it knew. */
  onTestModuleEnd(module) {
    this.#modules.add(module);
    this.#write({ complete: false }, []);
  }

  onTestRunEnd(modules, unhandledErrors, reason) {
    for (const module of modules) this.#modules.add(module);
    this.#write({ complete: reason !== 'interrupted' }, unhandledErrors);
  }

  #write(head, unhandledErrors) {
    const file = process.env.UNDERSTUDY_TEST_SUMMARY;
    if (file === undefined) return;
    const summary = { ...head, suites: {}, skipped: [], failed: [] };
    for (const module of this.#modules) this.#addModule(summary, module);
    for (const error of unhandledErrors)
      summary.failed.push({ name: 'an error outside of any test', why: String(error.message ?? error) });
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(summary, null, 2));
    renameSync(`${file}.new`, file);
  }

  #addModule(summary, module) {
    const file = relative(this.#root, module.moduleId).split(sep).join('/');
    const folder = /^(packages|apps)\//.test(file) ? file.split('/').slice(0, 2).join('/') : file.split('/')[0];
    const name = module.project.name === 'e2e' ? 'e2e' : `unit ${folder}`;
    const suite = summary.suites[name] ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
    summary.suites[name] = suite;
    suite.ms += module.diagnostic().duration;
    for (const test of module.children.allTests()) this.#addTest(summary, suite, file, test);
    const errors = [module, ...module.children.allSuites()].flatMap((one) => one.errors());
    for (const error of errors) {
      suite.failed += 1;
      summary.failed.push({ name: file, why: error.message });
    }
  }

  #addTest(summary, suite, file, test) {
    const { state, errors, note } = test.result();
    const name = `${file} > ${test.fullName}`;
    if (state === 'passed') suite.passed += 1;
    else if (state === 'skipped') {
      suite.skipped += 1;
      summary.skipped.push({ name, why: note ?? this.#reasonOf(test) });
    } else {
      suite.failed += 1;
      summary.failed.push({ name, why: state === 'failed' ? (errors[0]?.message ?? '') : 'it never came to an end' });
    }
  }

  #reasonOf(test) {
    for (const [title, why] of this.#reasons) if (test.fullName.includes(title)) return why;
    return test.options.mode === 'todo' ? 'to be written' : 'the test gives no reason';
  }
}
