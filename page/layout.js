// Boxes and the lines between them -> places, by dagre. What hangs together is laid out together, from left to right;
// the parts stand in rows, as words do.

const GAP = 32;

// boxes: [{id, width, height}]; lines: [{from, to, turned}], `turned` for one that is to run from right to left.
// Returns {width, height, places: id -> {x, y}, the upper left corner; ways: line -> [{x, y}], its bends}.
function layOut(boxes, lines) {
  const parts = connected(boxes, lines).map((part) => laidOut(part.boxes, part.lines));
  parts.sort((a, b) => b.height - a.height);
  const area = parts.reduce((sum, part) => sum + (part.width + GAP) * (part.height + GAP), 0);
  const widest = Math.max(...parts.map((part) => part.width), Math.sqrt(area * 1.6));
  const whole = { width: 0, height: 0, places: new Map(), ways: new Map() };
  let x = 0, y = 0, tallest = 0;
  for (const part of parts) {
    if (x > 0 && x + part.width > widest) [x, y, tallest] = [0, y + tallest + GAP, 0];
    const shift = { x, y };
    const move = (point) => ({ x: point.x + shift.x, y: point.y + shift.y });
    for (const [id, place] of part.places) whole.places.set(id, move(place));
    for (const [line, way] of part.ways) whole.ways.set(line, way.map(move));
    whole.width = Math.max(whole.width, x + part.width);
    whole.height = Math.max(whole.height, y + part.height);
    tallest = Math.max(tallest, part.height);
    x += part.width + GAP;
  }
  return whole;
}

function connected(boxes, lines) {
  const near = new Map(boxes.map((box) => [box.id, []]));
  for (const line of lines) {
    near.get(line.from).push(line.to);
    near.get(line.to).push(line.from);
  }
  const parts = [];
  const partOf = new Map();
  for (const box of boxes) {
    if (!partOf.has(box.id)) {
      const part = { boxes: [], lines: [] };
      for (const id of reached([box.id], (id) => near.get(id))) partOf.set(id, part);
      parts.push(part);
    }
    partOf.get(box.id).boxes.push(box);
  }
  for (const line of lines) partOf.get(line.from).lines.push(line);
  return parts;
}

function laidOut(boxes, lines) {
  const graph = new dagre.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 84, edgesep: 14 });
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  lines.forEach((line, number) => {
    const [from, to] = line.turned ? [line.to, line.from] : [line.from, line.to];
    if (from !== to) graph.setEdge(from, to, {}, String(number));
  });
  dagre.layout(graph);
  const places = boxes.map(({ id, width, height }) => {
    const { x, y } = graph.node(id);
    return [id, { x: x - width / 2, y: y - height / 2 }];
  });
  const ways = lines.map((line, number) => {
    const [from, to] = line.turned ? [line.to, line.from] : [line.from, line.to];
    const points = from === to ? [] : graph.edge(from, to, String(number)).points.slice(1, -1);
    return [line, line.turned ? points.reverse() : points];
  });
  return moved(places, ways, graph.graph());
}

// A line may run round the outermost box: move all by what it needs.
function moved(places, ways, { width, height }) {
  const points = ways.flatMap(([, way]) => way);
  const [left, top] = ["x", "y"].map((axis) => Math.min(0, ...points.map((point) => point[axis])));
  const right = Math.max(width, ...points.map((point) => point.x));
  const bottom = Math.max(height, ...points.map((point) => point.y));
  const move = ({ x, y }) => ({ x: x - left, y: y - top });
  return {
    width: right - left,
    height: bottom - top,
    places: new Map(places.map(([id, place]) => [id, move(place)])),
    ways: new Map(ways.map(([line, way]) => [line, way.map(move)])),
  };
}

// For a star, say which lines run to the left, so that facts stand in the middle: what hangs on a fact is
// shared out to both sides, by height.
function turnedLines(boxes, lines, isFact) {
  const heights = new Map(boxes.map((box) => [box.id, box.height]));
  const around = boxes.filter((box) => !isFact(box.id));
  const outer = lines.filter((line) => !isFact(line.from) && !isFact(line.to));
  const branches = connected(around, outer).map((part) => ({
    ids: part.boxes.map((box) => box.id),
    height: part.boxes.reduce((sum, box) => sum + heights.get(box.id) + GAP, 0),
  }));
  branches.sort((a, b) => b.height - a.height);
  const left = new Set();
  let [onLeft, onRight] = [0, 0];
  for (const branch of branches) {
    if (onLeft < onRight) {
      branch.ids.forEach((id) => left.add(id));
      onLeft += branch.height;
    } else onRight += branch.height;
  }
  return new Set(lines.filter((line) => left.has(line.to)));
}
