/** What stands behind "cannot" in the driver's failures, read from its source. */
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import ts from "typescript";

const key = "cannot";

/** The text of an expression with … for what is put in, or undefined where it has none of its own. */
function textOf(expression: ts.Expression | undefined): string | undefined {
  if (expression === undefined) return undefined;
  if (ts.isStringLiteralLike(expression)) return expression.text;
  if (!ts.isTemplateExpression(expression)) return undefined;
  return expression.head.text + expression.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}

/** Where functions of the file take a phrase as an argument, by their names. */
function phraseArguments(source: ts.SourceFile): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) {
      const place = node.parameters.findIndex(({ name }) => name.getText(source) === key);
      if (place >= 0 && node.name !== undefined) places.set(node.name.getText(source), place);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

function calleeOf({ expression }: ts.CallExpression, source: ts.SourceFile): string {
  return (ts.isPropertyAccessExpression(expression) ? expression.name : expression).getText(source);
}

/** The phrases of one file; a phrase that is written as anything but a text is an error. */
export function phrasesIn(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const places = phraseArguments(source);
  const found: string[] = [];
  const take = (expression: ts.Expression | undefined): void => {
    if (expression === undefined || (ts.isIdentifier(expression) && expression.text === key)) return;
    const phrase = textOf(expression);
    if (phrase === undefined) throw new Error(`${file}: "cannot" must be a text; got ${expression.getText(source)}`);
    found.push(phrase);
  };
  const visit = (node: ts.Node): void => {
    const isNamed = ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node);
    if (isNamed && node.name.getText(source) === key) take(node.initializer);
    if (ts.isCallExpression(node)) take(node.arguments[places.get(calleeOf(node, source)) ?? node.arguments.length]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Every phrase of src/ once, and the files that have it. */
export async function failurePhrases(root: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for await (const file of glob("src/**/*.ts", { cwd: root, exclude: ["src/gen/**", "src/**/*.test.ts"] })) {
    for (const phrase of phrasesIn(file, await readFile(path.join(root, file), "utf8"))) {
      found.set(phrase, [...(found.get(phrase) ?? []), file]);
    }
  }
  return found;
}
