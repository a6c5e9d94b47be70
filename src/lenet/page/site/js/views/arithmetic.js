/** Renders the arithmetic of a unit's value, for every kind of layer, in pictures and in numbers. */

import { translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { drawPatch } from "lenet/views/figure.js";
import { CODE } from "lenet/views/layout.js";
import { formatNumber, sumText } from "lenet/views/numbers.js";
import { maxAbs } from "lenet/views/palette.js";

const MAX_PRODUCTS = 12;
const MAX_WINDOW_VALUES = 64;
const CODE_UNITS = CODE.columns * CODE.rows;

export function createArithmetic(store) {
  const element = make("div", { class: "arithmetic" });

  function update(unitInFocus) {
    const parts = PARTS[unitInFocus.explanation.kind](store, unitInFocus);
    element.replaceChildren(...parts.filter(Boolean));
  }

  return { element, update };
}

const PARTS = {
  convolution(store, { explanation, previousName }) {
    const { terms, bias } = explanation;
    const maxPatch = Math.max(...terms.map(({ patch }) => maxAbs(patch)));
    const maxKernel = Math.max(...terms.map(({ kernel }) => maxAbs(kernel)));
    const cards = terms.map((term) => make("li", { class: "term", "data-map": term.map, "data-sum": term.sum },
      make("span", { class: "term-name" }, `${previousName} ${term.map}`),
      patchCanvas(term.patch, term.kernelSize, maxPatch),
      operatorSymbol("×"),
      patchCanvas(term.kernel, term.kernelSize, maxKernel),
      operatorSymbol("="),
      make("span", { class: "term-sum" }, formatNumber(term.sum, 3)),
    ));
    return [
      make("p", { class: "arithmetic-text" },
        translate(store, "unit.convolution", { count: terms.length, previousName })),
      make("ul", { class: `terms ${terms.length > 10 ? "is-many" : ""}` }, ...cards),
      sumEquation([...terms.map((term) => term.sum), bias], explanation, store, "unit.bias"),
    ];
  },

  subsampling(store, { explanation }) {
    const { values, coefficient, bias } = explanation;
    const sumOfValues = sumText([...values]);
    const formula = `(${sumOfValues}) × ${formatNumber(coefficient, 3)}`
      + ` ${bias < 0 ? "−" : "+"} ${formatNumber(Math.abs(bias), 3)}`
      + ` = ${formatNumber(explanation.sum)}`;
    return [
      make("p", { class: "arithmetic-text" }, translate(store, "unit.subsampling", { count: values.length })),
      ...windowParts(store, explanation),
      equation(formula, translate(store, "unit.subsamplingNote", { count: values.length })),
      activationEquation(explanation),
    ];
  },

  max_pooling(store, { explanation }) {
    const { values } = explanation;
    return [
      make("p", { class: "arithmetic-text" }, translate(store, "unit.maxPooling", { count: values.length })),
      ...windowParts(store, explanation),
      equation(`max(${[...values].map((value) => formatNumber(value, 3)).join(", ")})`
        + ` = ${formatNumber(explanation.sum)}`),
      activationEquation(explanation),
    ];
  },

  average_pooling: averagePooling,
  global_average_pooling: averagePooling,

  full_connection(store, { explanation, previousName, stage, model, focus }) {
    const { products, bias } = explanation;
    const topProducts = products.slice(0, MAX_PRODUCTS);
    const remainingSum = products.slice(MAX_PRODUCTS).reduce((sum, { product }) => sum + product, 0);
    const maximum = Math.abs(topProducts[0]?.product ?? 1) || 1;
    const isVector = stage.inputShape[1] * stage.inputShape[2] === 1;
    const rows = topProducts.map(({ map, row, column, input, weight, product }) => make("tr", {},
      make("th", { scope: "row" }, isVector ? `${previousName} ${map}` : `${previousName} ${map} (${row}, ${column})`),
      make("td", {}, formatNumber(input, 3)), make("td", {}, "×"), make("td", {}, formatNumber(weight, 3)),
      make("td", {}, "="), make("td", {}, formatNumber(product, 3)),
      make("td", { class: "product-bar" }, productBar(product / maximum))));
    const count = products.length - topProducts.length;
    return [
      make("p", { class: "arithmetic-text" },
        translate(store, "unit.fullConnection", { count: products.length, previousName })),
      prototypePixel(store, model, focus, explanation.value),
      make("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": translate(store, "unit.products") },
        make("table", { class: "products" }, make("tbody", {}, ...rows))),
      sumEquation([...topProducts.map(({ product }) => product), ...(count > 0 ? [remainingSum] : []), bias],
        explanation, store, count > 0 ? "unit.restAndBias" : "unit.bias", { count }),
    ];
  },

  euclidean_rbf(store, { explanation, previousName, model, focus }) {
    const { prototype, differences, squares } = explanation;
    const values = differences.map((difference, index) => difference + prototype[index]);
    const label = model.labels[focus.unit[0]];
    const maximum = maxAbs(values);
    const indexesBySquare = Array.from(squares.keys()).sort((a, b) => squares[b] - squares[a]);
    const topSquares = indexesBySquare.slice(0, MAX_PRODUCTS);
    const remainingSum = indexesBySquare.slice(MAX_PRODUCTS).reduce((sum, index) => sum + squares[index], 0);
    const squareTexts = topSquares.map((index) => make("li", {}, `(${formatNumber(values[index], 2)}`
      + ` ${prototype[index] < 0 ? "+" : "−"} ${Math.abs(prototype[index])})² = ${formatNumber(squares[index])}`));
    const codeFigure = (key, array, scale) => make("figure", {}, patchCanvas(array, CODE.columns, scale),
      make("figcaption", { class: "figure-note" }, translate(store, key, { previousName, label })));
    const isCode = prototype.length === CODE_UNITS;
    const count = squares.length - topSquares.length;
    return [
      make("p", { class: "arithmetic-text" },
        translate(store, isCode ? "unit.rbf" : "unit.rbfOfAnySize", { previousName, label, count: squares.length })),
      isCode && make("div", { class: "codes" }, codeFigure("unit.f6Picture", values, maximum), operatorSymbol("−"),
        codeFigure("unit.code", prototype, maxAbs(prototype)), operatorSymbol("→"),
        codeFigure("unit.squares", squares, maxAbs(squares))),
      make("ol", { class: "squares" }, ...squareTexts),
      equation(
        sumText([...topSquares.map((index) => squares[index]), ...(count > 0 ? [remainingSum] : [])])
          + ` = ${formatNumber(explanation.sum)}`,
        count > 0 ? translate(store, "unit.squaresNote", { count }) : "",
      ),
    ];
  },
};

function averagePooling(store, { explanation }) {
  const { values, sum } = explanation;
  const text = values.length <= 16 ? sumText([...values]) : "Σ";
  return [
    make("p", { class: "arithmetic-text" }, translate(store, "unit.average", { count: values.length })),
    ...windowParts(store, explanation),
    equation(`(${text}) / ${values.length} = ${formatNumber(sum)}`),
    activationEquation(explanation),
  ];
}

/** The pixel of the 7×12 codes that a unit of F6 stands for: which digits' codes are black, which white there. */
function prototypePixel(store, { network, labels }, { stage, unit }, value) {
  const nextStage = network.stages[stage + 1];
  if (nextStage?.kind !== "euclidean_rbf") return null;
  const levels = nextStage.layer.prototypes.map((prototype) => prototype[unit[0]]);
  if (nextStage.layer.prototypes[0].length !== CODE_UNITS || levels.some((level) => Math.abs(level) !== 1)) return null;
  const labelsOfLevel = (level) => labels.filter((_, index) => levels[index] === level).join(" ") || "–";
  return make("p", { class: "arithmetic-text" }, translate(store, "unit.pixel", {
    row: Math.floor(unit[0] / CODE.columns), column: unit[0] % CODE.columns, value: formatNumber(value, 2),
    black: labelsOfLevel(1), white: labelsOfLevel(-1),
  }));
}

function sumEquation(values, explanation, store, note, params = {}) {
  return make("div", { class: "sum" },
    equation(`${sumText(values)} = ${formatNumber(explanation.sum)}`, translate(store, note, params)),
    activationEquation(explanation) ?? "");
}

function activationEquation({ activation, sum, value }) {
  if (activation === "identity") return null;
  return equation(`${activation}(${formatNumber(sum)}) = ${formatNumber(value)}`);
}

function equation(text, note = "") {
  const [left, right] = text.split(/ = (?=[^=]*$)/);
  return make("p", { class: "equation" }, `${left} = `, make("strong", {}, right),
    note ? make("span", { class: "equation-note" }, note) : "");
}

/** The values in a window, in its columns, whole rows of them; and how many more there are. */
function windowParts(store, { values, sources: [{ width }], maxIndex = -1 }) {
  const frame = make("div", { class: "window" });
  frame.style.gridTemplateColumns = `repeat(${width}, auto)`;
  const shownCount = Math.min(values.length, Math.max(1, Math.floor(MAX_WINDOW_VALUES / width)) * width);
  frame.append(...[...values.subarray(0, shownCount)].map((value, index) =>
    make("span", { class: index === maxIndex ? "is-max" : "" }, formatNumber(value, 3))));
  const count = values.length - shownCount;
  return [frame, count > 0 && make("p", { class: "figure-note" }, translate(store, "unit.moreValues", { count }))];
}

function patchCanvas(values, width, scale) {
  const canvas = make("canvas", { class: "patch", "aria-hidden": "true" });
  drawPatch(canvas, values, width, scale);
  return canvas;
}

function productBar(share) {
  const bar = make("span", { class: share < 0 ? "is-negative" : "is-positive" });
  bar.style.width = `${Math.abs(50 * share)}%`;
  return bar;
}

function operatorSymbol(text) {
  return make("span", { class: "sign", "aria-hidden": "true" }, text);
}
