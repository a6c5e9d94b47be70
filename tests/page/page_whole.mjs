// Brings whole pictures to networks as the page does: node page_whole.mjs SITE CASES ANSWERS, the last two JSON files.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [site, casesPath, answersPath] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(site, "js", name)));
const { parseDocument } = await load("network.js");
const { recognize } = await load("recognition.js");
const { UNCHANGED } = await load("store.js");

const cases = JSON.parse(fs.readFileSync(casesPath, "utf8"));
const { models, reader } = parseDocument(cases.document);
const text = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
const answers = cases.pictures.map(({ width, height, data }) => {
  const picture = { data: new Uint8ClampedArray(Buffer.from(data, "base64")), width, height };
  return models.map((_, index) => {
    const state = {
      reader, models, shownIndexes: [index], changes: UNCHANGED, serverReading: null, selectedDigit: 0, reading: null,
    };
    const { reading, image, passes, answers: [answer] } = recognize(state, { picture, isFromPad: false });
    return { input: text(passes[0].input), predictedClass: answer.predictedClass, digits: reading.digits.length, image };
  });
});
fs.writeFileSync(answersPath, JSON.stringify(answers));
