// The diagrams: tables with their keys, steps, the lineage of a column. Each box is a link.

const MOST = 60; // boxes in one diagram: more than that nobody reads
const ROW = 24;
const HEAD = 34;
const ruler = document.createElement("canvas").getContext("2d");

function widthOf(text, size = 12.5, weight = 400) {
  ruler.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

function cut(text, most = 34) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

// --- tables with their keys

function schemaDiagram(names, { keysOnly = false, chosen } = {}) {
  const shown = new Set(names);
  const lines = references.filter((line) => shown.has(line.from) && shown.has(line.to)).map((line) => ({ ...line }));
  const targets = new Set(lines.map((line) => keyOf(line.to, line.target)));
  const boxes = names.map((name) => entityBox(tables.get(name), keysOnly, targets));
  const turned = turnedLines(boxes, lines, (id) => tables.get(id).role === "fact");
  for (const line of lines) line.turned = turned.has(line);
  const byName = new Map(boxes.map((box) => [box.id, box]));
  return drawing(`Tables and their keys: ${names.length} of them`, boxes, lines, {
    draw: (box) => entity(box, box.id === chosen),
    way: (line, plan) => keyLine(line, plan, byName),
  });
}

function entityBox(table, keysOnly, targets) {
  const isKey = (column) =>
    column.references || column.marks.some((mark) => mark !== "not null") || targets.has(keyOf(table.name, column.name));
  const rows = (keysOnly ? table.columns.filter(isKey) : table.columns).map((column) => ({
    column,
    keys: [column.marks.includes("primary key") && "PK", column.references && "FK"].filter(Boolean).join(" "),
    tags: ["dist key", "sort key"].filter((mark) => column.marks.includes(mark)).map((mark) => mark.slice(0, 4)),
  }));
  const spread = table.attributes.find((attribute) => /^diststyle (?!key)/.test(attribute))?.replace("diststyle", "· dist") ?? "";
  const role = `${table.role} ${spread}`.trim();
  const keyWidth = Math.max(...rows.map((row) => widthOf(row.keys, 10, 600)), 0);
  const widths = rows.map((row) =>
    widthOf(cut(row.column.name)) + widthOf(cut(row.column.type, 24)) + row.tags.length * 36 + keyWidth + 58);
  const width = Math.ceil(Math.max(...widths, widthOf(cut(table.name), 13.5, 650) + widthOf(role, 11) + 48, 150));
  const hidden = table.columns.length - rows.length;
  return { id: table.name, table, role, rows, keyWidth, hidden, width, height: HEAD + (rows.length + (hidden > 0)) * ROW + 4 };
}

function entity({ table, role, rows, keyWidth, hidden, width, height }, chosen) {
  const left = keyWidth ? 12 + keyWidth + 8 : 12;
  const row = ({ column, keys, tags }, number) => {
    const y = HEAD + number * ROW;
    return svg("g", { transform: `translate(0 ${y})` },
      svg("path", { class: "rule", d: `M0 0H${width}` }),
      svg("text", { class: "key", x: 12, y: 16 }, keys),
      svg("text", { class: "column", x: left, y: 16.5 }, cut(column.name), svg("title", {}, column.name)),
      tags.map((tag, place) => svg("g", { class: `tag ${tag}`, transform: `translate(${left + widthOf(cut(column.name)) + 8 + place * 36} 4)` },
        svg("rect", { width: 32, height: 16, rx: 8 }), svg("text", { x: 16, y: 11.5, "text-anchor": "middle" }, tag))),
      svg("text", { class: "type", x: width - 12, y: 16.5, "text-anchor": "end" }, cut(column.type, 24)));
  };
  return svg("a", { href: linkTo(table.name), class: `entity ${table.role}${chosen ? " chosen" : ""}`,
      "aria-label": `${table.name}, ${table.role}, ${plural(table.columns.length, "column")}` },
    svg("rect", { class: "paper", width, height, rx: 8 }),
    svg("path", { class: "head", d: `M0 ${HEAD}V8a8 8 0 0 1 8-8H${width - 8}a8 8 0 0 1 8 8V${HEAD}Z` }),
    svg("text", { class: "title", x: 12, y: 22 }, cut(table.name), svg("title", {}, table.name)),
    svg("text", { class: "role", x: width - 12, y: 22, "text-anchor": "end" }, role),
    rows.map(row),
    hidden > 0 ? svg("text", { class: "type", x: 12, y: HEAD + rows.length * ROW + 16 }, `and ${plural(hidden, "column")} more`) : "",
    svg("rect", { class: "outline", width, height, rx: 8 }));
}

// From the row of the foreign key to the row that it names: many at one end, one at the other.
function keyLine(line, { places, ways }, boxes) {
  const end = (id, column) => {
    const { x, y } = places.get(id);
    const at = boxes.get(id).rows.findIndex((row) => row.column.name === column);
    return { left: x, right: x + boxes.get(id).width, y: y + (at < 0 ? HEAD / 2 : HEAD + at * ROW + ROW / 2) };
  };
  const [from, to] = [end(line.from, line.column), end(line.to, line.target)];
  const attributes = { class: "line", "marker-start": "url(#many)", "marker-end": line.optional ? "url(#perhaps)" : "url(#one)" };
  const said = svg("title", {}, `${line.from}.${line.column} → ${line.to}.${line.target}`);
  if (line.from === line.to) {
    const x = from.right;
    return svg("path", { ...attributes, d: `M${x} ${from.y}C${x + 48} ${from.y} ${x + 48} ${to.y} ${x} ${to.y}` }, said);
  }
  const start = { x: line.turned ? from.left : from.right, y: from.y };
  const stop = { x: line.turned ? to.right : to.left, y: to.y };
  return svg("path", { ...attributes, d: curve([start, ...bends(ways.get(line)), stop]) }, said);
}

// --- steps

function stepsDiagram(names, chosen) {
  const shown = new Set(names);
  const files = new Set(names.flatMap((name) => [tables.get(name).file, tables.get(name).unload]).filter(Boolean));
  const lines = [];
  for (const name of names) {
    const { file, reads, waits, unload } = tables.get(name);
    if (file) lines.push({ from: `file ${file}`, to: `step ${name}` });
    if (unload) lines.push({ from: `step ${name}`, to: `file ${unload}` });
    for (const other of reads) if (shown.has(other)) lines.push({ from: `step ${other}`, to: `step ${name}` });
    for (const other of waits) if (shown.has(other)) lines.push({ from: `step ${other}`, to: `step ${name}`, waits: true });
  }
  const boxes = [
    ...[...files].map((file) => chip(`file ${file}`, "files", file.replace(/^s3:\/\//, ""), "S3")),
    ...names.map((name) => chip(`step ${name}`, tables.get(name).role, name, tables.get(name).strategy, linkTo(name), name === chosen)),
  ];
  return drawing("Steps, from raw files to tables", boxes, lines, { draw: chipDrawn, way: flowLine(boxes) });
}

function chip(id, kind, title, note, link, chosen) {
  const width = Math.ceil(Math.max(widthOf(cut(title), 13, 600), widthOf(cut(note, 40), 11)) + 32);
  return { id, kind, title, note, link, chosen, width, height: 48 };
}

function chipDrawn({ kind, title, note, link, chosen, width, height }) {
  return svg(link ? "a" : "g", { class: `chip ${kind}${chosen ? " chosen" : ""}`, href: link, "aria-label": link && `${title}, ${note}` },
    svg("rect", { class: "paper", width, height, rx: 8 }),
    svg("path", { class: "side", d: `M5 0.5H8V${height - 0.5}H5a5 5 0 0 1-5-5V5.5a5 5 0 0 1 5-5Z` }),
    svg("text", { class: "title", x: 18, y: 20 }, cut(title), svg("title", {}, title)),
    svg("text", { class: "type", x: 18, y: 37 }, cut(note, 40), svg("title", {}, note)),
    svg("rect", { class: "outline", width, height, rx: 8 }));
}

function flowLine(boxes) {
  const sizes = new Map(boxes.map((box) => [box.id, box]));
  return (line, { places, ways }) => {
    const side = (id, right) => {
      const [place, size] = [places.get(id), sizes.get(id)];
      return { x: place.x + (right ? size.width : 0), y: place.y + size.height / 2 };
    };
    const points = [side(line.from, true), ...bends(ways.get(line)), side(line.to, false)];
    return svg("path", { class: line.waits ? "line waits" : "line", "marker-end": "url(#arrow)", d: curve(points) });
  };
}

// --- the lineage of a column

function lineageDiagram(table, column) {
  const { shown } = lineageOf(table, column);
  const lines = [];
  const boxes = [];
  for (const key of shown) {
    const [name, part] = JSON.parse(key);
    const found = columnOf(name, part);
    const isChosen = name === table && part === column;
    boxes.push(chip(key, tables.get(name)?.role ?? "files", part, name, found && linkTo(name, part), isChosen));
    if (found?.path) {
      const file = `file ${key}`;
      boxes.push(chip(file, "files", found.path, tables.get(name).file ?? ""));
      lines.push({ from: file, to: key });
    }
    for (const source of found?.sources ?? []) {
      if (shown.has(keyOf(...source))) lines.push({ from: keyOf(...source), to: key });
    }
  }
  return drawing(`Lineage of ${table}.${column}`, boxes, lines, { draw: chipDrawn, way: flowLine(boxes) });
}

// Return the keys of what a column is made of, of what is made of it, and of the nearest of both.
function lineageOf(table, column) {
  const start = keyOf(table, column);
  const up = (key) => (columnOf(...JSON.parse(key))?.sources ?? []).map((source) => keyOf(...source));
  const down = (key) => (uses.get(key) ?? []).map((name) => keyOf(...name));
  const [above, below] = [reached([start], up).slice(1), reached([start], down).slice(1)];
  return { above, below, shown: new Set([start, ...above.slice(0, MOST / 2), ...below.slice(0, MOST / 2)]) };
}

// --- what all have in common

// Way points of lines that run past a box; a line to the next rank has one, in the middle, and needs none.
function bends(points) {
  return points.length > 1 ? points : [];
}

function curve(points) {
  return points.reduce((path, point, number) => {
    if (number === 0) return `M${point.x} ${point.y}`;
    const before = points[number - 1];
    const middle = (before.x + point.x) / 2;
    return `${path}C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
  }, "");
}

const MARKERS = {
  arrow: ["M1 1L7 5L1 9", 8, 5],
  many: ["M0 0L12 5L0 10M0 5H12", 0, 5],
  one: ["M6 0V10", 12, 5],
  perhaps: ["M9 0V10M5 5a3 3 0 1 1-6 0a3 3 0 1 1 6 0", 12, 5],
};

// The ends of lines, once for all diagrams of the page.
function markers() {
  const ends = Object.entries(MARKERS).map(([id, [d, refX, refY]]) =>
    svg("marker", { id, refX, refY, viewBox: "-2 -1 16 12", markerWidth: 16, markerHeight: 12, markerUnits: "userSpaceOnUse", orient: "auto" },
      svg("path", { class: "mark", d })));
  return svg("svg", { width: 0, height: 0, class: "unseen", "aria-hidden": "true" }, svg("defs", {}, ends));
}

function drawing(label, boxes, lines, { draw, way }) {
  const plan = layOut(boxes, lines);
  const [width, height] = [Math.ceil(plan.width) + 24, Math.ceil(plan.height) + 24];
  const drawn = svg("svg", { viewBox: `-12 -12 ${width} ${height}`, width, height, role: "group", "aria-label": label },
    svg("g", { "aria-hidden": "true" }, lines.map((line) => way(line, plan))),
    boxes.map((box) => svg("g", { transform: `translate(${plan.places.get(box.id).x} ${plan.places.get(box.id).y})` }, draw(box))));
  return zoomable(drawn, width, height, label);
}

// Fits a diagram into its frame, but not smaller than can be read: then the frame scrolls.
function zoomable(drawn, width, height, label) {
  const frame = html("div", { class: "frame", tabindex: "0", role: "region", "aria-label": `${label}; scrolls` }, drawn);
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(2, Math.max(0.25, to));
    drawn.setAttribute("width", Math.round(width * scale));
    drawn.setAttribute("height", Math.round(height * scale));
  };
  const fit = (least) => {
    zoom(Math.min(1, Math.max(least, (frame.clientWidth - 2) / width)));
    const middle = drawn.querySelector(".chosen, .entity.fact")?.getBoundingClientRect();
    frame.scrollLeft = middle ? middle.left + middle.width / 2 - drawn.getBoundingClientRect().left - frame.clientWidth / 2 : 0;
  };
  const button = (sign, said, click) => html("button", { type: "button", "aria-label": said, title: said, click }, sign);
  requestAnimationFrame(() => fit(0.75));
  return html("div", { class: "diagram" }, frame,
    html("div", { class: "zoom" },
      button("−", "Smaller", () => zoom(scale / 1.25)), button("+", "Larger", () => zoom(scale * 1.25)),
      button("Fit", "Fit into the frame", () => fit(0.25))));
}
