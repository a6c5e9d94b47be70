// Reads inks and pictures as the page does: node page_reading.mjs SITE CASES ANSWERS, the last two JSON files.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [site, casesPath, answersPath] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(site, "js/reading", name)));
const { parseDocument } = await load("../network.js");
const { recognize } = await load("../recognition.js");
const { UNCHANGED } = await load("../store.js");
const { normalize } = await load("normalization.js");
const { candidates, readPicture } = await load("picture.js");
const { views } = await load("views.js");

const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const floats = (text) => new Float32Array(bytes(text).buffer);
const text = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");

const cases = JSON.parse(fs.readFileSync(casesPath, "utf8"));
const answers = { inks: [], pictures: [], pads: [] };
for (const { width, height, data, thicken } of cases.inks) {
  const result = normalize({ data: floats(data), width, height }, thicken);
  answers.inks.push(result && text(result.image));
}
for (const { width, height, data, shares } of cases.pictures) {
  const picture = { data: new Uint8ClampedArray(bytes(data)), width, height };
  const found = candidates(picture).map(({ box, image }) => ({ box, image: text(image) }));
  const sharesOf = (image) => {
    const i = found.findIndex((own) => own.image === text(image));
    return Float32Array.from({ length: 10 }, (_, label) => shares[10 * i + label] ?? 0.1);
  };
  const reading = readPicture(picture, sharesOf);
  const { ink, crop, strokes, small } = reading.steps;
  answers.pictures.push({
    candidates: found,
    image: reading.image && text(reading.image),
    views: reading.image && views(reading.image).map(text),
    box: reading.box,
    steps: {
      ink: [ink.width, ink.height, ink.scale, ink.polarity],
      crop: crop && [crop.width, crop.height],
      strokes: strokes && [strokes.width, strokes.height],
      small: small && [small.width, small.height],
    },
  });
}
if (cases.document) {
  const { reader } = parseDocument(cases.document);
  reader.reading_calibration = cases.calibration;
  const state = { reader, networks: [], shown: [], changes: UNCHANGED };
  for (const { width, height, data } of cases.pads) {
    const picture = { data: new Uint8ClampedArray(bytes(data)), width, height };
    const { image, box, shares } = recognize(state, { picture, isDrawing: false }).reading;
    answers.pads.push({ image: text(image), box, shares: [...shares] });
  }
}
fs.writeFileSync(answersPath, JSON.stringify(answers));
