/** Renders the arithmetic of a unit's value, for every kind of layer, in pictures and in numbers. */

import { translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { drawPatch } from "lenet/views/figure.js";
import { number, sumText } from "lenet/views/numbers.js";
import { maxAbs } from "lenet/views/palette.js";

const MAX_PRODUCTS = 12;

export function createArithmetic(store) {
  const element = make("div", { class: "arithmetic" });

  function update(subject) {
    const parts = PARTS[subject.explanation.kind](store, subject);
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
      patchCanvas(term.patch, term.size, maxPatch),
      operatorSymbol("×"),
      patchCanvas(term.kernel, term.size, maxKernel),
      operatorSymbol("="),
      make("span", { class: "term-sum" }, number(term.sum, 3)),
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
    const inside = sumText([...values]);
    const formula = `(${inside}) × ${number(coefficient, 3)} ${bias < 0 ? "−" : "+"} ${number(Math.abs(bias), 3)}`
      + ` = ${number(explanation.sum)}`;
    return [
      make("p", { class: "arithmetic-text" }, translate(store, "unit.subsampling")),
      valueGrid(values), equation(formula, translate(store, "unit.subsamplingNote")), activationEquation(explanation),
    ];
  },

  max_pooling(store, { explanation }) {
    const { values, winner } = explanation;
    return [
      make("p", { class: "arithmetic-text" }, translate(store, "unit.maxPooling")),
      valueGrid(values, winner),
      equation(`max(${[...values].map((value) => number(value, 3)).join(", ")}) = ${number(explanation.sum)}`),
    ];
  },

  average_pooling: averagePooling,
  global_average_pooling: averagePooling,

  full_connection(store, { explanation, previousName, stage, loaded, focus }) {
    const { products, bias } = explanation;
    const topProducts = products.slice(0, MAX_PRODUCTS);
    const remainingSum = products.slice(MAX_PRODUCTS).reduce((sum, { product }) => sum + product, 0);
    const maximum = Math.abs(topProducts[0]?.product ?? 1) || 1;
    const isVector = stage.inputShape[1] * stage.inputShape[2] === 1;
    const rows = topProducts.map(({ map, row, column, input, weight, product }) => make("tr", {},
      make("th", { scope: "row" }, isVector ? `${previousName} ${map}` : `${previousName} ${map} (${row}, ${column})`),
      make("td", {}, number(input, 3)), make("td", {}, "×"), make("td", {}, number(weight, 3)),
      make("td", {}, "="), make("td", {}, number(product, 3)),
      make("td", { class: "product-bar" }, productBar(product / maximum))));
    const count = products.length - topProducts.length;
    return [
      make("p", { class: "arithmetic-text" },
        translate(store, "unit.fullConnection", { count: products.length, previousName })),
      prototypePixel(store, loaded, focus, explanation.value),
      make("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": translate(store, "unit.products") },
        make("table", { class: "products" }, make("tbody", {}, ...rows))),
      sumEquation([...topProducts.map(({ product }) => product), ...(count > 0 ? [remainingSum] : []), bias],
        explanation, store, count > 0 ? "unit.restAndBias" : "unit.bias", { count }),
    ];
  },

  euclidean_rbf(store, { explanation, previousName, loaded, focus }) {
    const { prototype, differences, squares } = explanation;
    const values = differences.map((difference, index) => difference + prototype[index]);
    const label = loaded.labels[focus.unit[0]];
    const maximum = maxAbs(values);
    const order = Array.from(squares.keys()).sort((a, b) => squares[b] - squares[a]);
    const topSquares = order.slice(0, MAX_PRODUCTS);
    const remainingSum = order.slice(MAX_PRODUCTS).reduce((sum, index) => sum + squares[index], 0);
    const lines = topSquares.map((index) => make("li", {},
      `(${number(values[index], 2)} ${prototype[index] < 0 ? "+" : "−"} 1)² = ${number(squares[index])}`));
    const picture = (key, array, scale) => make("figure", {}, patchCanvas(array, 7, scale),
      make("figcaption", { class: "figure-note" }, translate(store, key, { previousName, label })));
    return [
      make("p", { class: "arithmetic-text" }, translate(store, "unit.rbf", { previousName, label })),
      make("div", { class: "codes" }, picture("unit.f6Picture", values, maximum), operatorSymbol("−"),
        picture("unit.code", prototype, 1), operatorSymbol("→"), picture("unit.squares", squares, maxAbs(squares))),
      make("ol", { class: "squares" }, ...lines),
      equation(
        `${sumText(topSquares.map((index) => squares[index]))} + ${number(remainingSum, 3)}`
          + ` = ${number(explanation.sum)}`,
        translate(store, "unit.squaresNote", { count: order.length - topSquares.length }),
      ),
    ];
  },
};

function averagePooling(store, { explanation }) {
  const { values, sum } = explanation;
  const text = values.length <= 16 ? sumText([...values]) : "Σ";
  return [
    make("p", { class: "arithmetic-text" }, translate(store, "unit.average", { count: values.length })),
    valueGrid(values),
    equation(`(${text}) / ${values.length} = ${number(sum)}`),
    activationEquation(explanation),
  ];
}

/** The pixel of the 7×12 codes that a unit of F6 stands for: which digits' codes are black, which white there. */
function prototypePixel(store, { network, labels }, { stage, unit }, value) {
  const next = network.stages[stage + 1];
  if (next?.kind !== "euclidean_rbf") return null;
  const bits = next.layer.prototypes.map((prototype) => prototype[unit[0]]);
  const labelsWithBit = (bit) => labels.filter((_, index) => bits[index] === bit).join(" ") || "–";
  return make("p", { class: "arithmetic-text" }, translate(store, "unit.pixel", {
    row: Math.floor(unit[0] / 7), column: unit[0] % 7, value: number(value, 2),
    black: labelsWithBit(1), white: labelsWithBit(-1),
  }));
}

function sumEquation(values, explanation, store, note, params = {}) {
  return make("div", { class: "sum" },
    equation(`${sumText(values)} = ${number(explanation.sum)}`, translate(store, note, params)),
    activationEquation(explanation) ?? "");
}

function activationEquation({ activation, sum, value }) {
  if (activation === "identity") return null;
  return equation(`${activation}(${number(sum)}) = ${number(value)}`);
}

function equation(text, note = "") {
  const [left, right] = text.split(/ = (?=[^=]*$)/);
  return make("p", { class: "equation" }, `${left} = `, make("strong", {}, right),
    note ? make("span", { class: "equation-note" }, note) : "");
}

function valueGrid(values, winner = -1) {
  const side = Math.round(Math.sqrt(values.length));
  const frame = make("div", { class: "window", "data-side": side });
  frame.style.gridTemplateColumns = `repeat(${side}, auto)`;
  frame.append(...[...values].slice(0, 64).map((value, index) =>
    make("span", { class: index === winner ? "is-winner" : "" }, number(value, 3))));
  return frame;
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
