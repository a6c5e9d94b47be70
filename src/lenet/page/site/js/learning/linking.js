/**
 * A script for a worker out of the modules of a page that is a file: a worker knows no import map, and the page's file
 * is the only one there is.
 *
 * Understands what these modules use: `import { a, b as c } from "lenet/…";` and exported declarations.
 */

const IMPORT = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORT = /^export ((?:async )?function\*?|const|class) (\w+)/gm;

/**
 * @param {string} entry - the name of a module
 * @param {(name: string) => string} sourceOf - the source of each module by its name
 * @returns {string} one classic script: every module once, those that others import before them
 */
export function linkScript(entry, sourceOf) {
  const linked = new Map();
  const link = (name) => {
    if (linked.has(name)) return;
    linked.set(name, "");
    const source = sourceOf(name);
    for (const [, , imported] of source.matchAll(IMPORT)) link(imported);
    linked.delete(name); // and in again, behind what it imports
    linked.set(name, wrapped(name, source));
  };
  link(entry);
  return `"use strict";\nconst modules = {};\n${[...linked.values()].join("")}`;
}

function wrapped(name, source) {
  const names = Array.from(source.matchAll(EXPORT), (match) => match[2]);
  const body = source
    .replace(IMPORT, (_, imported, from) => `const {${imported.replace(/ as /g, ": ")}} = modules["${from}"];`)
    .replace(EXPORT, "$1 $2");
  return `modules["${name}"] = (() => {\n${body}\nreturn { ${names.join(", ")} };\n})();\n`;
}

/** The source of a module of this page, from its import map. */
export function sourceInPage(name) {
  const { imports } = JSON.parse(document.querySelector("script[type=importmap]").textContent);
  const [, text] = imports[name].match(/^data:[^,]*,(.*)$/s);
  return decodeURIComponent(text);
}
