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

/** Calls `onFile` with the first picture that is dropped on the page or pasted into it. */
export function onDropOrPaste(target, onFile) {
  const firstOf = (files) => [...(files ?? [])].find((file) => file.type.startsWith("image/"));
  addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    target.classList.add("is-over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) target.classList.remove("is-over");
  });
  addEventListener("drop", (event) => {
    target.classList.remove("is-over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    onFile(firstOf(event.dataTransfer.files) ?? event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = firstOf(event.clipboardData?.files);
    if (file) onFile(file);
  });
}
