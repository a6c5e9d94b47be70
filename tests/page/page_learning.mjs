// Gradients of the page's own backward pass: node page_learning.mjs SITE CASES ANSWERS, the last two JSON files.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [site, casesPath, answersPath] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(site, "js", name)));
const { createNetwork } = await load("network.js");
const { describeNetwork, parameterShapes, planOf, PRESETS } = await load("learning/settings.js");
const { unpackDigits } = await load("learning/digits.js");
const { createTraining } = await load("learning/training.js");

const text = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
const { packed, codes, cases } = JSON.parse(fs.readFileSync(casesPath, "utf8"));
const digits = await unpackDigits(packed);
const answers = cases.map(({ settings, updates, places, read }) => {
  const description = describeNetwork(settings, codes);
  const { stages } = createNetwork(description, {});
  const training = createTraining(planOf(settings, stages), digits);
  const losses = Array.from({ length: updates }, () => training.step().loss);
  const parameters = text(training.parameters.flat);
  const { lossSum, misreadCount } = training.accumulate(places);
  const misread = read ? training.misreadDigits().length : null;
  const isSame = (other) => Object.keys(settings).every((key) => settings[key] === other[key]);
  const preset = Object.keys(PRESETS).find((name) => isSame(PRESETS[name])) ?? null;
  const shapes = stages.map((stage) => [stage.name, parameterShapes(stage)]);
  const gradients = text(training.gradients.flat);
  return { description, shapes, losses, parameters, lossSum, misreadCount, misread, preset, gradients };
});
fs.writeFileSync(answersPath, JSON.stringify({ images: text(digits.images), labels: [...digits.labels], answers }));
