// Adds up the test projects' CTRF reports, and the lines `ok …` and `FAIL …` of what else was checked; repeats what failed, and
// prints the counts as the last line.
//
//   node summary.mjs FOLDER PROJECT=EXITCODE…

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ExitCodes = { 8: 'no test was run', 124: 'it ran out of time', 137: 'it was killed' };

const [folder, ...outcomes] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

function complain(title, ...details) {
  const text = details.filter(Boolean).join('\n').trimEnd();
  console.log(`FAILED ${title}${text ? `\n${text.replace(/^/gm, '    ')}` : ''}\n`);
}

// What prints a line for each check has no report but these lines.
function readLines(project) {
  const file = join(folder, `${project}.txt`);
  if (!existsSync(file)) {
    return undefined;
  }

  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => /^(ok|FAIL)\b/.test(line));
  const tests = lines.map((line) => ({ name: line, status: line.startsWith('ok') ? 'passed' : 'failed' }));
  return tests.length > 0 ? { tests } : undefined;
}

function readReport(project) {
  const file = join(folder, `${project}.json`);
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).results : undefined;
  } catch {
    return undefined;
  }
}

for (const outcome of outcomes) {
  const [project, code] = outcome.split('=');
  const report = readReport(project) ?? readLines(project);
  const reason = ExitCodes[code] ?? `exit code ${code}`;
  let failed = 0;

  for (const test of report?.tests ?? []) {
    if (test.status === 'passed') {
      total.passed++;
    } else if (test.status === 'skipped' || test.status === 'pending') {
      total.skipped++;
    } else {
      failed++;
      complain(`${project}: ${test.name}`, test.message, test.trace);
    }
  }

  if (report === undefined) {
    failed++;
    complain(`${project}: it left no result (${reason}).`);
  } else if (code !== '0' && failed === 0) {
    failed++;
    complain(`${project}: it ended red without a failed test (${reason}).`);
  }

  total.failed += failed;
}

console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
