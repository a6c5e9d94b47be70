/** Decodes picture files, and listens for those that are dropped or pasted. */

const MAX_SIDE = 1600;

/**
 * A file's pixels, upright as its EXIF says, with the longer side at most 1600.
 *
 * @param {Blob} file
 * @returns {Promise<ImageData>} rejected if the browser cannot decode the file
 */
export async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * A picture of the digits that a server has read, each where it was found, for a file that the browser cannot open.
 *
 * @param {{size: [number, number], digits: {box: number[], image: Uint8Array}[]}} reading
 * @returns {ImageData}
 */
export function sketchOf({ size, digits }) {
  const scale = Math.min(1, MAX_SIDE / Math.max(...size));
  const [height, width] = size.map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  const tile = new OffscreenCanvas(28, 28);
  for (const { box, image } of digits) {
    const [top, left, bottom, right] = box.map((value) => value * scale);
    const pixels = new ImageData(28, 28);
    image.forEach((level, index) => pixels.data.set([255 - level, 255 - level, 255 - level, 255], 4 * index));
    tile.getContext("2d").putImageData(pixels, 0, 0);
    const side = Math.max(bottom - top, right - left) * (28 / 20); // the ink fills 20 of the 28 pixels
    context.globalCompositeOperation = "darken";
    context.drawImage(tile, (left + right - side) / 2, (top + bottom - side) / 2, side, side);
  }
  return context.getImageData(0, 0, width, height);
}

/**
 * Calls `onFiles` with files that are dropped on the page, or pictures pasted into it; `highlighted` shows the drop.
 */
export function onDropOrPaste(highlighted, onFiles) {
  addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    highlighted.classList.add("is-over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) highlighted.classList.remove("is-over");
  });
  addEventListener("drop", (event) => {
    highlighted.classList.remove("is-over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    onFiles([...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/")));
  });
}
