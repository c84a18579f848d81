// Tells from a CTRF report how many tests of each group pass, and holds those against a list of tests that must.
//
//   node yardstick.mjs REPORT HOUSE MODE LIST
//
// HOUSE is old (every test must pass) or next (those in LIST must, as far as they ran). MODE is all, listed (a line `ok …` or `FAIL …` for
// each in LIST, which must all have run) or update (what passes joins LIST). A test is a method: it passes when all its cases do.

import { readFileSync, writeFileSync } from 'node:fs';

const [report, house, mode, list] = process.argv.slice(2);
const passes = new Map();
for (const { status, extra } of JSON.parse(readFileSync(report, 'utf8')).results.tests) {
  const name = `${extra.type}.${extra.method}`;
  passes.set(name, status === 'passed' && (passes.get(name) ?? true));
}

if (mode !== 'listed') {
  const groups = new Map([['total', { passed: 0, total: 0 }]]);
  for (const [name, passed] of [...passes].sort()) {
    for (const group of [name.split('.')[3], 'total']) {
      const count = groups.get(group) ?? { passed: 0, total: 0 };
      count.total++;
      count.passed += passed ? 1 : 0;
      groups.set(group, count);
    }
  }

  const sum = groups.get('total');
  groups.delete('total');
  for (const [group, { passed, total }] of groups) {
    console.log(`${group.padEnd(12)} ${`${passed}/${total}`.padStart(9)}`);
  }

  console.log(`${sum.passed} of ${sum.total} black-box tests pass on the ${house === 'old' ? 'old' : 'new'} node.`);
}

const listed = readFileSync(list, 'utf8').split('\n').filter(Boolean);
if (house === 'old') {
  const failed = [...passes].filter(([, passed]) => !passed).map(([name]) => name);
  failed.forEach((name) => console.log(`FAIL ${name}`));
  process.exitCode = failed.length === 0 && passes.size > 0 ? 0 : 1;
} else if (mode === 'update') {
  const failed = listed.filter((name) => passes.get(name) === false);
  failed.forEach((name) => console.log(`FAIL ${name} (it stays in the list)`));
  const passed = [...passes].filter(([, passed]) => passed).map(([name]) => name);
  const all = [...new Set([...listed, ...passed])].sort();
  writeFileSync(list, all.map((name) => `${name}\n`).join(''));
  console.log(`${all.length} tests are in the list now, ${all.length - listed.length} of them new.`);
  process.exitCode = failed.length > 0 ? 1 : 0;
} else {
  for (const name of listed) {
    if (!passes.has(name) && mode === 'all') {
      continue; // of a group that was not asked for
    }

    if (!passes.get(name)) {
      console.log(`FAIL ${name}${passes.has(name) ? '' : ' (it did not run)'}`);
      process.exitCode = 1;
    } else if (mode === 'listed') {
      console.log(`ok ${name}`);
    }
  }
}
