/**
 * Compiles the client to JavaScript and type declarations, a file for each module.
 *
 * @module
 */

/** TypeScript is no dependency of the server: it is imported late, from a lock file of its own. */
const TYPESCRIPT = "npm:typescript@6.0.3";

/** What a module is compiled to. */
export interface Compiled {
  /** The code. */
  readonly js: string;
  /** Leads from the code to the source, which it contains. */
  readonly map: string;
  /** The types of its exports, with their documentation. */
  readonly declarations: string;
}

/** Options of the compiler. The code runs wherever ES2022 does. */
const COMPILER_OPTIONS = {
  target: 9, // ES2022
  module: 99, // ESNext
  verbatimModuleSyntax: true,
  sourceMap: true,
  inlineSources: true,
  removeComments: true,
};

/** Options for the declarations, which keep the comments. */
const DECLARATION_OPTIONS = {
  ...COMPILER_OPTIONS,
  declaration: true,
  sourceMap: false,
  inlineSources: false,
  removeComments: false,
};

/** A line that tells Deno where the types of an import are. */
const DENO_TYPES = /^\s*\/\/ @ts-types=.*\n/gm;

/** The name of another module of the client in an import or an export. */
const RELATIVE = /(\b(?:from|import)\s*\(?\s*)"(\.[^"]*)\.ts"/g;

/**
 * Compiles modules by their paths.
 *
 * @throws {Error} If a module cannot be compiled by itself, such as one that exports a value without a
 * type.
 */
export async function compile(
  sources: ReadonlyMap<string, string>,
): Promise<Map<string, Compiled>> {
  const { default: ts } = await import(TYPESCRIPT);
  return new Map([...sources].map(([path, text]) => {
    const source = text.replace(DENO_TYPES, "");
    const name = path.replace(/^.*\//, "");
    const code = ts.transpileModule(source, {
      fileName: name,
      compilerOptions: COMPILER_OPTIONS,
      reportDiagnostics: true,
    });
    const types = ts.transpileDeclaration(source, {
      fileName: name,
      compilerOptions: DECLARATION_OPTIONS,
      reportDiagnostics: true,
    });
    for (const { messageText } of [...code.diagnostics, ...types.diagnostics]) {
      throw new Error(`${path}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
    }
    return [path, {
      js: code.outputText.replace(RELATIVE, '$1"$2.js"'),
      map: code.sourceMapText,
      declarations: types.outputText.replace(RELATIVE, '$1"$2.js"'),
    }];
  }));
}
