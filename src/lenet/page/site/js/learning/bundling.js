/**
 * Bundles modules into one script, for the worker of a page that is a file: a worker has no import map, and the page's
 * file is the only one there is.
 *
 * Understands only what these modules use: `import { a, b as c } from "lenet/…";` and exported declarations.
 */

const IMPORT = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORT = /^export ((?:async )?function\*?|const|class) (\w+)/gm;

/**
 * Bundles a module and all that it imports into one classic script.
 *
 * @param {string} entry - the name of a module
 * @param {(name: string) => string} sourceOf - the source of each module by its name
 * @returns {string} the script: every module once, those that others import before them
 */
export function bundleScript(entry, sourceOf) {
  const scriptByModule = new Map();
  const addModule = (name) => {
    if (scriptByModule.has(name)) return;
    scriptByModule.set(name, "");
    const source = sourceOf(name);
    for (const [, , importedModule] of source.matchAll(IMPORT)) addModule(importedModule);
    scriptByModule.delete(name); // and set again, so that it comes after the modules that it imports
    scriptByModule.set(name, wrapModule(name, source));
  };
  addModule(entry);
  return `"use strict";\nconst modules = {};\n${[...scriptByModule.values()].join("")}`;
}

function wrapModule(name, source) {
  const exportedNames = Array.from(source.matchAll(EXPORT), (match) => match[2]);
  const body = source
    .replace(IMPORT, (_, importedNames, module) =>
      `const {${importedNames.replace(/ as /g, ": ")}} = modules["${module}"];`)
    .replace(EXPORT, "$1 $2");
  return `modules["${name}"] = (() => {\n${body}\nreturn { ${exportedNames.join(", ")} };\n})();\n`;
}

/** The source of a module of this page, from its import map. */
export function sourceFromImportMap(name) {
  const { imports } = JSON.parse(document.querySelector("script[type=importmap]").textContent);
  const [, text] = imports[name].match(/^data:[^,]*,(.*)$/s);
  return decodeURIComponent(text);
}
