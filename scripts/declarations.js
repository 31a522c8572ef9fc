// npm run check, part declarations: holds the public declarations against test/library/declarations.txt, so that no change
// of the library goes unseen, and fails where a signature names a type that is not exported. --update writes the file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { root } from './transpile.js';

const SNAPSHOT = join(root, 'test', 'library', 'declarations.txt');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** `.` and the subpaths, each with the source file behind it. */
const entries = Object.entries(exports).flatMap(([path, { types }]) =>
  types === undefined ? [] : [[path, join(root, types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts'))]],
);

const { config } = ts.readConfigFile(join(root, 'tsconfig.types.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const sources = entries.map(([, file]) => file);
const declared = declarationsOf(ts.createProgram([...sources, join(root, 'src', 'version.d.ts')], options));
const program = ts.createProgram([...declared.keys()], options, hostWith(declared));
const checker = program.getTypeChecker();
const printer = ts.createPrinter({ removeComments: true });

const exported = new Map(entries.map(([path, file]) => [path, exportsOf(file.replace(/\.ts$/, '.d.ts'))]));
const known = new Set([...exported.values()].flat());
const missing = [...missingTypes(known), ...undocumented(known)];
for (const line of missing) console.error(line);
if (missing.length > 0) process.exitCode = 1;
const text = [...exported].map(([path, symbols]) => section(path, symbols)).join('\n');
compare(await format(text, { ...(await resolveConfig(SNAPSHOT)), parser: 'typescript' }));

/** What the compiler writes as .d.ts, by the path that it has beside its source. */
function declarationsOf(compiled) {
  const files = new Map();
  compiled.emit(undefined, (name, text) => files.set(join(root, 'src', relative(options.outDir, name)), text));
  return files;
}

function hostWith(files) {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  // A declaration stands in place of its source, which is resolved first otherwise.
  host.fileExists = name => files.has(name) || (!files.has(name.replace(/\.ts$/, '.d.ts')) && fileExists(name));
  host.readFile = name => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, languageVersion) => {
    const text = host.readFile(name);
    return text === undefined ? undefined : ts.createSourceFile(name, text, languageVersion, true);
  };
  return host;
}

function exportsOf(file) {
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  return checker
    .getExportsOfModule(module)
    .map(original)
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

function original(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** A line for each type of ours that a public declaration names and nobody can import. */
function missingTypes(known) {
  const lines = new Set();
  for (const symbol of known) {
    for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
  }
  return [...lines].sort();

  function visit(node, owner) {
    if (isPrivate(node)) return;
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const used = name && checker.getSymbolAtLocation(name);
    if (used && isOurs(original(used)) && !isComputed(original(used)) && !known.has(original(used))) {
      lines.add(`${owner} names the type ${original(used).name}, which is not exported.`);
    }
    ts.forEachChild(node, child => visit(child, owner));
  }
}

/** A line for each export without a doc comment. */
function undocumented(known) {
  return [...known]
    .filter(symbol => symbol.getDocumentationComment(checker).length === 0)
    .map(symbol => `${symbol.name} has no doc comment.`)
    .sort();
}

function isPrivate(node) {
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
}

/** `Infer<…>` and the like stand for what they come to, which is written out. */
function isComputed({ declarations = [] }) {
  return declarations.some(node => ts.isTypeAliasDeclaration(node) && ts.isConditionalTypeNode(node.type));
}

function isOurs(symbol) {
  if (symbol.flags & ts.SymbolFlags.TypeParameter) return false;
  return (symbol.declarations ?? []).some(declaration => declared.has(declaration.getSourceFile().fileName));
}

function section(path, symbols) {
  const texts = symbols.flatMap(symbol =>
    (symbol.declarations ?? []).map(declaration => {
      if (ts.isTypeAliasDeclaration(declaration)) return aliasText(declaration);
      const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
    }),
  );
  return `// ${path === '.' ? 'mendel-device-tool' : `mendel-device-tool${path.slice(1)}`}\n${texts.join('\n')}\n`;
}

function aliasText(declaration) {
  const { InTypeAlias, NoTruncation } = ts.TypeFormatFlags;
  const type = checker.getTypeAtLocation(declaration);
  const text = checker.typeToString(type, declaration, InTypeAlias | NoTruncation);
  return `export type ${declaration.name.text} = ${text};`;
}

function compare(text) {
  if (process.argv.includes('--update')) {
    writeFileSync(SNAPSHOT, text);
    return;
  }
  if (readFileSync(SNAPSHOT, 'utf8') === text) return;
  console.error('The declarations of the library have changed.');
  console.error(
    'If that is meant, run `node scripts/declarations.js --update` and say in CHANGELOG.md what users will see.',
  );
  process.exitCode = 1;
}
