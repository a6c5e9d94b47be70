/** Pictures read by the server that gave out the page, as `lenet read` reads them. */

const SIDE = 28;

/** Why the server has not read a picture: its own sentence, or its status; neither if it does not answer. */
export class NotRead extends Error {
  constructor({ sentence = null, status = null } = {}) {
    super(sentence ?? `status ${status}`);
    Object.assign(this, { sentence, status });
  }
}

/**
 * @param {string} address of the server's reading
 * @param {File} file
 * @returns {Promise<Object>} the server's answer, with each digit's image as 28·28 gray levels
 * @throws {NotRead}
 */
export async function readOnServer(address, file) {
  const form = new FormData();
  form.append("picture", file);
  const answer = await fetch(`${address}?detail=steps`, { method: "POST", body: form }).catch(() => {
    throw new NotRead();
  });
  const reading = await answer.json().catch(() => null);
  if (!answer.ok || !reading) throw new NotRead({ sentence: reading?.detail, status: answer.status });
  const images = await Promise.all(reading.digits.map(({ image }) => grayLevelsOf(image)));
  return { ...reading, digits: reading.digits.map((digit, index) => ({ ...digit, image: images[index] })) };
}

/** The pixels of a gray PNG file in base64. */
async function grayLevelsOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, index) => data[4 * index]);
}
