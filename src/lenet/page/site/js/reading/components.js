/** Connected components of a mask, and what is known of each. */

/**
 * @param mask { data: Uint8Array of 0 and 1, width, height }
 * @param {boolean} corners whether pixels that share a corner only are connected
 * @returns { count, labels: Int32Array, left, top, right, bottom, area: Int32Array, runs } number 0 is the ground;
 *   right and bottom are not included; runs are the level stretches of ink, row by row: { count, start, end: places
 *   in the mask, number: of the component, each an Int32Array }
 */
export function findComponents(mask, corners = true) {
  const { width, height } = mask;
  const { runs, parents } = joined(mask, corners ? 1 : 0);
  const numbers = new Int32Array(parents.length);
  let count = 1;
  for (let mark = 1; mark < parents.length; mark++) {
    numbers[mark] = parents[mark] === mark ? count++ : numbers[rootOf(parents, mark)];
  }
  for (let run = 0; run < runs.count; run++) runs.number[run] = numbers[runs.number[run]];
  return { count, labels: labelled(runs, width * height), ...measured(runs, count, width, height), runs };
}

/** The runs of a mask, with marks that are the same, by way of their parents, where runs are connected. */
function joined({ data, width, height }, reach) {
  const most = ((width + 1) >> 1) * height;
  const runs = { count: 0, start: roomFor(0, most), end: roomFor(1, most), number: roomFor(2, most) };
  const { start, end, number } = runs;
  const parents = [0];
  let above = 0; // the first run of the row above that may reach this one
  let row = 0; // and of this one
  let lastRow = -2;
  for (let at = data.indexOf(1); at >= 0; at = data.indexOf(1, at)) {
    const y = Math.floor(at / width);
    const base = y * width;
    above = y === lastRow + 1 ? row : runs.count;
    row = runs.count;
    lastRow = y;
    const rowEnd = base + width;
    while (at < rowEnd) {
      const first = at;
      while (at < rowEnd && data[at] !== 0) at++;
      let mark = 0;
      while (above < row && end[above] + width <= first - reach) above++;
      for (let other = above; other < row && start[other] + width < at + reach; other++) {
        if (mark === 0) mark = number[other];
        else if (mark !== number[other]) join(parents, mark, number[other]);
      }
      if (mark === 0) parents.push((mark = parents.length));
      const run = runs.count++;
      start[run] = first;
      end[run] = at;
      number[run] = mark;
      while (at < rowEnd && data[at] === 0) at++;
    }
  }
  return { runs, parents };
}

const rooms = [0, 1, 2].map(() => new Int32Array(0));

/** Numbers that hold until components are sought again. */
function roomFor(index, count) {
  if (rooms[index].length < count) rooms[index] = new Int32Array(count);
  return rooms[index];
}

function rootOf(parents, mark) {
  let root = mark;
  while (parents[root] !== root) root = parents[root];
  while (parents[mark] !== root) [mark, parents[mark]] = [parents[mark], root];
  return root;
}

function join(parents, a, b) {
  const first = rootOf(parents, a);
  const second = rootOf(parents, b);
  if (first < second) parents[second] = first;
  else parents[first] = second;
}

function labelled({ count, start, end, number }, size) {
  const labels = new Int32Array(size);
  for (let run = 0; run < count; run++) {
    const own = number[run];
    for (let at = start[run]; at < end[run]; at++) labels[at] = own;
  }
  return labels;
}

function measured(runs, count, width, height) {
  const left = new Int32Array(count).fill(width);
  const top = new Int32Array(count).fill(height);
  const right = new Int32Array(count);
  const bottom = new Int32Array(count);
  const area = new Int32Array(count);
  for (let run = 0; run < runs.count; run++) {
    const number = runs.number[run];
    const y = Math.floor(runs.start[run] / width);
    const [first, end] = [runs.start[run] - y * width, runs.end[run] - y * width];
    area[number] += end - first;
    if (first < left[number]) left[number] = first;
    if (end > right[number]) right[number] = end;
    if (y < top[number]) top[number] = y;
    bottom[number] = y + 1;
  }
  return { left, top, right, bottom, area };
}
