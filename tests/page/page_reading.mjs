// Reads inks, drawings and pictures as the page does: node page_reading.mjs SITE CASES ANSWERS, the last two JSON files.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [site, casesPath, answersPath] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(site, "js", name)));
const { parseDocument } = await load("network.js");
const { recognize } = await load("recognition.js");
const { UNCHANGED } = await load("store.js");
const { normalize } = await load("reading/normalization.js");
const { augmentedViews } = await load("reading/augmentation.js");

const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const floats = (text) => new Float32Array(bytes(text).buffer);
const text = (array) => array && Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

const cases = JSON.parse(fs.readFileSync(casesPath, "utf8"));
const { reader } = parseDocument(cases.document);
const inks = cases.inks.map(({ width, height, data, thicken }) => {
  const result = normalize({ data: floats(data), width, height }, thicken);
  return result && { image: text(result.image), views: augmentedViews(result.image).map(text) };
});
const pictures = cases.pictures.map(({ width, height, data, isFromPad }) => {
  const picture = { data: new Uint8ClampedArray(bytes(data)), width, height };
  const state = { reader, models: [], shownIndexes: [], changes: UNCHANGED, serverReading: null, selectedDigit: 0 };
  const { digits, box, image, steps } = recognize(state, { picture, isFromPad }).reading;
  const sizes = steps && [steps.crop, steps.digit20].map((plane) => [plane.height, plane.width]);
  return { digits, box, image: text(image), sizes, polarity: steps?.polarity };
});
fs.writeFileSync(answersPath, JSON.stringify({ inks, pictures }));
