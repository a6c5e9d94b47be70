/** The float32 arrays of a network, as the page's document carries them. */

/**
 * @param {string} base64 - little-endian float32 values, one array after the other
 * @param {Object<string, {shape: number[], start: number}>} parameters - where each array starts, counted in floats
 * @returns {Object<string, Float32Array>} the arrays by name, flat, views into one buffer
 */
export function decodeArrays(base64, parameters) {
  const values = decodeFloats(base64);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { shape, start }]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, values.subarray(start, start + length)];
    }),
  );
}

function decodeFloats(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  if (isLittleEndian()) return new Float32Array(bytes.buffer);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

function isLittleEndian() {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
