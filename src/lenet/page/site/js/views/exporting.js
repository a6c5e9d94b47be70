import { bindText, joinSentences, translate } from "lenet/text.js";
import { make } from "lenet/views/elements.js";

/** What can be taken away: the picture as it was read, the 28×28 that the networks see, every activation. */
export function mountExporting(container, store) {
  const button = (key, onClick) =>
    bindText(store, make("button", { type: "button", onClick, "data-export": key }), `exporting.${key}`);
  const buttons = [
    button("drawing", () => saveCanvas(canvasOf(store.state.picture), "drawing.png")),
    button("image", () => saveCanvas(canvasOf(grayPicture(store.state.image)), "28x28.png")),
    button("activations", () => {
      save(new Blob([JSON.stringify(activations(store.state))], { type: "application/json" }), "activations.json");
    }),
  ];
  const colophon = make("p", { class: "colophon" });
  const privacyKey = store.state.readsAt ? "exporting.served" : "exporting.stays";
  const { docsAt } = store.state;
  const links = docsAt ? [bindText(store, make("a", { href: docsAt }), "exporting.docs")] : [];
  const updateColophon = () => {
    const sentences = [translate(store, "exporting.colophon"), translate(store, privacyKey)];
    colophon.replaceChildren(joinSentences(store, sentences), " ", ...links);
  };
  container.append(
    make("div", { class: "exports" }, bindText(store, make("h2", { class: "small-title" }), "exporting.title"),
      make("div", { class: "controls" }, ...buttons)),
    colophon,
  );
  const updateButtons = ({ picture, image }) => {
    buttons[0].disabled = !picture;
    buttons[1].disabled = !image;
    buttons[2].disabled = !image;
  };
  store.subscribe(["picture", "image"], updateButtons);
  store.subscribe(["language"], updateColophon);
  updateColophon();
  updateButtons(store.state);
}

/** Every stage's sums and values of the networks shown, as plain numbers. */
function activations({ shownIndexes, models, passes, answers, image }) {
  return {
    format: "lenet-activations-1",
    image: [...image],
    networks: shownIndexes.map((index, position) => ({
      title: models[index].title,
      shares: [...answers[position].probabilities],
      accepted: answers[position].isAccepted,
      input: roundValues(passes[position].input),
      stages: passes[position].stages.map(({ name, shape, sums, values }) => ({
        name, shape, sums: roundValues(sums), values: roundValues(values),
      })),
    })),
  };
}

function roundValues(values) {
  return Array.from(values, (value) => Number(value.toPrecision(7)));
}

function grayPicture(image) {
  const data = new Uint8ClampedArray(4 * image.length);
  image.forEach((level, index) => data.set([level, level, level, 255], 4 * index));
  return { data, width: 28, height: 28 };
}

function canvasOf({ data, width, height }) {
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

function saveCanvas(canvas, name) {
  canvas.toBlob((blob) => save(blob, name), "image/png");
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
