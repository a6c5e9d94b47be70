/** How a unit's value comes about, for every kind of layer, in pictures and in numbers. */

import { t } from "lenet/text.js";
import { make } from "lenet/views/elements.js";
import { drawPatch } from "lenet/views/figure.js";
import { number, sumText } from "lenet/views/numbers.js";
import { strength } from "lenet/views/palette.js";

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
  convolution(store, { explanation, before }) {
    const { terms, bias } = explanation;
    const patches = Math.max(...terms.map(({ patch }) => strength(patch)));
    const kernels = Math.max(...terms.map(({ kernel }) => strength(kernel)));
    const cards = terms.map((term) => make("li", { class: "term", "data-map": term.map, "data-sum": term.sum },
      make("span", { class: "term-name" }, `${before} ${term.map}`),
      patchCanvas(term.patch, term.size, patches),
      sign("×"),
      patchCanvas(term.kernel, term.size, kernels),
      sign("="),
      make("span", { class: "term-sum" }, number(term.sum, 3)),
    ));
    return [
      make("p", { class: "arithmetic-text" }, t(store, "unit.convolution", { count: terms.length, before })),
      make("ul", { class: `terms ${terms.length > 10 ? "is-many" : ""}` }, ...cards),
      sums([...terms.map((term) => term.sum), bias], explanation, store, "unit.bias"),
    ];
  },

  subsampling(store, { explanation }) {
    const { values, coefficient, bias } = explanation;
    const inside = sumText([...values]);
    const formula = `(${inside}) × ${number(coefficient, 3)} ${bias < 0 ? "−" : "+"} ${number(Math.abs(bias), 3)}`
      + ` = ${number(explanation.sum)}`;
    return [
      make("p", { class: "arithmetic-text" }, t(store, "unit.subsampling")),
      window(values), equation(formula, t(store, "unit.subsamplingNote")), activated(explanation),
    ];
  },

  max_pooling(store, { explanation }) {
    const { values, winner } = explanation;
    return [
      make("p", { class: "arithmetic-text" }, t(store, "unit.maxPooling")),
      window(values, winner),
      equation(`max(${[...values].map((value) => number(value, 3)).join(", ")}) = ${number(explanation.sum)}`),
    ];
  },

  average_pooling: mean,
  global_average_pooling: mean,

  full_connection(store, { explanation, before, stage, loaded, focus }) {
    const { products, bias } = explanation;
    const shown = products.slice(0, MAX_PRODUCTS);
    const rest = products.slice(MAX_PRODUCTS).reduce((sum, { product }) => sum + product, 0);
    const maximum = Math.abs(shown[0]?.product ?? 1) || 1;
    const isVector = stage.inputShape[1] * stage.inputShape[2] === 1;
    const rows = shown.map(({ map, row, column, input, weight, product }) => make("tr", {},
      make("th", { scope: "row" }, isVector ? `${before} ${map}` : `${before} ${map} (${row}, ${column})`),
      make("td", {}, number(input, 3)), make("td", {}, "×"), make("td", {}, number(weight, 3)),
      make("td", {}, "="), make("td", {}, number(product, 3)),
      make("td", { class: "product-bar" }, productBar(product / maximum))));
    const count = products.length - shown.length;
    return [
      make("p", { class: "arithmetic-text" }, t(store, "unit.fullConnection", { count: products.length, before })),
      prototypePixel(store, loaded, focus, explanation.value),
      make("div", { class: "scrolled", tabindex: 0, role: "region", "aria-label": t(store, "unit.products") },
        make("table", { class: "products" }, make("tbody", {}, ...rows))),
      sums([...shown.map(({ product }) => product), ...(count > 0 ? [rest] : []), bias], explanation, store,
        count > 0 ? "unit.restAndBias" : "unit.bias", { count }),
    ];
  },

  euclidean_rbf(store, { explanation, before, loaded, focus }) {
    const { prototype, differences, squares } = explanation;
    const values = differences.map((difference, index) => difference + prototype[index]);
    const label = loaded.labels[focus.unit[0]];
    const maximum = strength(values);
    const order = Array.from(squares.keys()).sort((a, b) => squares[b] - squares[a]);
    const shown = order.slice(0, MAX_PRODUCTS);
    const rest = order.slice(MAX_PRODUCTS).reduce((sum, index) => sum + squares[index], 0);
    const lines = shown.map((index) => make("li", {},
      `(${number(values[index], 2)} ${prototype[index] < 0 ? "+" : "−"} 1)² = ${number(squares[index])}`));
    const picture = (key, array, scale) => make("figure", {}, patchCanvas(array, 7, scale),
      make("figcaption", { class: "figure-note" }, t(store, key, { before, label })));
    return [
      make("p", { class: "arithmetic-text" }, t(store, "unit.rbf", { before, label })),
      make("div", { class: "codes" }, picture("unit.f6Picture", values, maximum), sign("−"),
        picture("unit.code", prototype, 1), sign("→"), picture("unit.squares", squares, strength(squares))),
      make("ol", { class: "squares" }, ...lines),
      equation(`${sumText(shown.map((index) => squares[index]))} + ${number(rest, 3)} = ${number(explanation.sum)}`,
        t(store, "unit.squaresNote", { count: order.length - shown.length })),
    ];
  },
};

function mean(store, { explanation }) {
  const { values, sum } = explanation;
  const listed = values.length <= 16 ? sumText([...values]) : "Σ";
  return [
    make("p", { class: "arithmetic-text" }, t(store, "unit.average", { count: values.length })),
    window(values),
    equation(`(${listed}) / ${values.length} = ${number(sum)}`),
    activated(explanation),
  ];
}

/** F6 of LeNet-5 in its place of the 7×12 picture: what the code of each digit asks of this unit. */
function prototypePixel(store, { network, labels }, { stage, unit }, value) {
  const next = network.stages[stage + 1];
  if (next?.kind !== "euclidean_rbf") return null;
  const bits = next.layer.prototypes.map((prototype) => prototype[unit[0]]);
  const wanting = (bit) => labels.filter((_, index) => bits[index] === bit).join(" ") || "–";
  return make("p", { class: "arithmetic-text" }, t(store, "unit.pixel", {
    row: Math.floor(unit[0] / 7), column: unit[0] % 7, value: number(value, 2), black: wanting(1), white: wanting(-1),
  }));
}

function sums(values, explanation, store, note, words = {}) {
  return make("div", { class: "sum" },
    equation(`${sumText(values)} = ${number(explanation.sum)}`, t(store, note, words)),
    activated(explanation) ?? "");
}

function activated({ activation, sum, value }) {
  if (activation === "identity") return null;
  return equation(`${activation}(${number(sum)}) = ${number(value)}`);
}

function equation(text, note = "") {
  const [left, right] = text.split(/ = (?=[^=]*$)/);
  return make("p", { class: "equation" }, `${left} = `, make("strong", {}, right),
    note ? make("span", { class: "equation-note" }, note) : "");
}

function window(values, winner = -1) {
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

function sign(text) {
  return make("span", { class: "sign", "aria-hidden": "true" }, text);
}
