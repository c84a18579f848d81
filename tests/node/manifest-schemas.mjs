// Holds rendered manifests against Kubernetes' own schemas, as the package kubernetes-models carries them. Its
// validators know what is required, types and formats; they let unknown fields pass, so the compiler reads each
// manifest as a literal of the package's type and finds those.

import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = fileURLToPath(new URL('.', import.meta.url));
const moduleOf = doc => `kubernetes-models/${doc.apiVersion}`;

/** A function that tells the faults of one of these manifests, in sentences. */
export async function schemaFaults(docs) {
  const faults = new Map(docs.map(doc => [JSON.stringify(doc), []]));
  const sources = new Map();
  for (const [text, found] of faults) {
    const doc = JSON.parse(text);
    const report = fault => found.push(`${doc.kind} '${doc.metadata?.name}': ${fault}`);
    const model = (await import(moduleOf(doc)).catch(() => ({})))[doc.kind];
    if (!model) {
      report(`Kubernetes has no kind '${doc.kind}' in '${doc.apiVersion}'.`);
      continue;
    }

    try {
      new model(doc).validate();
    } catch (fault) {
      report(fault.message);
    }

    sources.set(`${here}${sources.size}.manifest.ts`, { report, text: literal(doc) });
  }

  compile(sources);
  return doc => faults.get(JSON.stringify(doc));
}

const literal = doc =>
  `import type { I${doc.kind} } from '${moduleOf(doc)}/${doc.kind}';\n` +
  `const manifest: I${doc.kind} = ${JSON.stringify(doc, null, 2)};\n`;

function compile(sources) {
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host = {
    ...disk,
    fileExists: file => sources.has(file) || disk.fileExists(file),
    readFile: file => sources.get(file)?.text ?? disk.readFile(file),
    getSourceFile: (file, ...rest) =>
      sources.has(file)
        ? ts.createSourceFile(file, sources.get(file).text, options.target)
        : disk.getSourceFile(file, ...rest),
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const sentence = ts.flattenDiagnosticMessageText(found.messageText, ' ');
    const source = sources.get(found.file?.fileName);
    if (!source) {
      throw new Error(sentence);
    }

    const line = source.text.slice(0, found.start).split('\n').length;
    source.report(`at '${source.text.split('\n')[line - 1].trim()}': ${sentence}`);
  }
}
