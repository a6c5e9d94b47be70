/**
 * The distance to the nearest 0 of a mask, each step along a side 0.955 and each along a diagonal 1.3693.
 *
 * Sums are rounded in the order in which Intel's library, which OpenCV calls, adds: on the way down four pixels at a
 * time, of which the last three reach over their neighbours with sums made beforehand.
 */

const { fround } = Math;
const SIDE = fround(0.955);
const DIAGONAL = fround(1.3693);
const FARTHEST = fround(3.4028234663852886e38);
const SIDES = Float32Array.from([0, 1, 2, 3, 4], (count) => SIDE * count);
const BENDS = SIDES.slice(0, 4).map((side) => DIAGONAL + side);

/** Math.min would also tell apart the two zeros. */
const smaller = (a, b) => (a < b ? a : b);

let room = new Float32Array(0);

/**
 * @param mask { data: Uint8Array of 0 and others, width, height }
 * @returns { data: Float32Array, width, height }
 */
export function distances(mask, isZero = 0) {
  const { width, height } = mask;
  const stride = width + 2;
  if (room.length < stride * (height + 2)) room = new Float32Array(stride * (height + 2));
  const far = room;
  frame(far, stride, height);
  down(mask.data, far, width, height, isZero);
  const data = new Float32Array(width * height);
  up(far, data, width, height);
  return { data, width, height };
}

function frame(far, stride, height) {
  far.fill(FARTHEST, 0, stride);
  far.fill(FARTHEST, stride * (height + 1), stride * (height + 2));
  for (let y = 1; y <= height; y++) {
    far[y * stride] = FARTHEST;
    far[y * stride + stride - 1] = FARTHEST;
  }
}

function down(mask, far, width, height, isZero) {
  const stride = width + 2;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const start = (y + 1) * stride + 1;
    for (let x = 0; x < width; x++) {
      const at = start + x;
      if (mask[row + x] === isZero) {
        far[at] = 0;
        continue;
      }
      const above = at - stride;
      let nearest = smaller(far[above - 1], far[above + 1]) + DIAGONAL;
      nearest = smaller(nearest, far[above] + SIDE);
      const lane = x & 3;
      if (lane === 0 || x < 4 || x - lane + 4 >= width || y === height - 1) {
        nearest = smaller(nearest, far[at - 1] + SIDE);
      } else {
        nearest = smaller(nearest, far[at - lane - 1] + SIDES[lane + 1]);
        for (let back = 1; back <= lane; back++) {
          if (far[at - back] === 0) {
            nearest = smaller(nearest, SIDES[back]);
            break;
          }
        }
        for (let back = 1; back <= lane; back++) {
          nearest = smaller(nearest, far[above - 1 - back] + BENDS[back]);
        }
      }
      far[at] = smaller(nearest, FARTHEST);
    }
  }
}

function up(far, data, width, height) {
  const stride = width + 2;
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      const at = (y + 1) * stride + 1 + x;
      let nearest = far[at];
      if (nearest > SIDE) {
        const below = at + stride;
        nearest = smaller(nearest, smaller(far[below - 1], far[below + 1]) + DIAGONAL);
        nearest = smaller(nearest, smaller(far[below], far[at + 1]) + SIDE);
        far[at] = nearest;
      }
      data[y * width + x] = far[at];
    }
  }
}
