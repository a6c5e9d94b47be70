/**
 * Runs the page's networks on digits and compares every stage with what Python has written; in node and in a browser.
 *
 * The packed file is: uint32 length of the JSON, the JSON, padding to a multiple of 4, float32 values.
 * JSON: {document, images: base64, cases: [{network, input, stages: [{sums, values}], outputs…}]}, where numbers are
 * starts, counted in floats, of (digits, units) arrays.
 */

/** Modules of the page and a packed file's ArrayBuffer -> the worst differences and the time of a pass. */
export function compare({ parseDocument, networkInput, answerOf }, packed) {
  const length = new DataView(packed).getUint32(0, true);
  const { document, images, cases } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
  const floats = new Float32Array(packed, 4 + length + ((4 - (length % 4)) % 4));
  const digits = Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0));
  const count = digits.length / 784;
  const { models } = parseDocument(document);
  return cases.map((expected, which) => {
    const model = models[which];
    const result = { title: model.title, inputs: 0, shares: 0, stages: {}, predictedClasses: [] };
    for (let digit = 0; digit < count; digit++) {
      const input = networkInput(model.network, digits.subarray(784 * digit, 784 * (digit + 1)));
      const pass = model.network.run(input);
      const slice = (start, size) => floats.subarray(start + digit * size, start + (digit + 1) * size);
      result.inputs = Math.max(result.inputs, worst(input, slice(expected.input, input.length)).absolute);
      pass.stages.forEach(({ name, sums, values }, index) => {
        const starts = expected.stages[index];
        for (const [what, array] of Object.entries({ sums, values })) {
          const found = worst(array, slice(starts[what], array.length));
          const before = (result.stages[`${name} ${what}`] ??= { absolute: 0, relative: 0 });
          before.absolute = Math.max(before.absolute, found.absolute);
          before.relative = Math.max(before.relative, found.relative);
        }
      });
      const { probabilities: shares, rejectProbability, predictedClass } = answerOf(model, pass.outputs);
      const all = model.reject_class === null ? shares : [...shares, rejectProbability];
      result.shares = Math.max(result.shares, worst(all, slice(expected.shares, pass.outputs.length)).absolute);
      result.predictedClasses.push(predictedClass);
    }
    return result;
  });
}

/** Milliseconds of one pass of each network, the median of many. */
export function timed({ parseDocument, networkInput }, packed) {
  const length = new DataView(packed).getUint32(0, true);
  const { document, images } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
  const digits = Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0));
  return Object.fromEntries(
    parseDocument(document).models.map(({ title, network }) => {
      const input = networkInput(network, digits.subarray(0, 784));
      for (let warm = 0; warm < 50; warm++) network.run(input);
      const rounds = Array.from({ length: 20 }, () => {
        const began = performance.now();
        for (let pass = 0; pass < 10; pass++) network.run(input);
        return (performance.now() - began) / 10;
      });
      return [title, rounds.sort((a, b) => a - b)[10]];
    }),
  );
}

function worst(found, expected) {
  if (found.length !== expected.length) return { absolute: Infinity, relative: Infinity };
  let absolute = 0;
  let largest = 1;
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i] - expected[i]);
    if (!(difference <= absolute)) absolute = difference;
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return { absolute, relative: absolute / largest };
}
