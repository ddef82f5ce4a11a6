// What the page knows: the tables by name, who reads whom and who refers to whom, where each column comes from and goes to.

const site = JSON.parse(document.getElementById("data").textContent);
const tables = new Map();
const readers = new Map();
const references = [];
const relatives = new Map();
const uses = new Map();

const ROLES = { fact: "Facts", dimension: "Dimensions", table: "Tables", staging: "Staging" };

for (const table of site.tables ?? []) {
  for (const name of ["columns", "reads", "waits", "checks", "attributes", "facts"]) table[name] ??= [];
  for (const column of table.columns) for (const name of ["sources", "marks"]) column[name] ??= [];
  tables.set(table.name, table);
}
for (const table of tables.values()) {
  for (const other of [...table.reads, ...table.waits]) pushTo(readers, other, table.name);
  for (const column of table.columns) {
    if (column.references) {
      const [to, target] = column.references;
      references.push({ from: table.name, column: column.name, to, target, optional: !isKept(column) });
      pushTo(relatives, table.name, to);
      pushTo(relatives, to, table.name);
    }
    for (const source of column.sources) pushTo(uses, keyOf(...source), [table.name, column.name]);
  }
}

function isKept(column) {
  return column.marks.includes("not null") || column.marks.includes("primary key");
}

function pushTo(lists, key, value) {
  if (!lists.has(key)) lists.set(key, []);
  lists.get(key).push(value);
}

function keyOf(table, column) {
  return JSON.stringify([table, column]);
}

function columnOf(table, name) {
  return tables.get(table)?.columns.find((column) => column.name === name);
}

function linkTo(table, column) {
  const parts = column === undefined ? [table] : [table, column];
  return `#/table/${parts.map(encodeURIComponent).join("/")}`;
}

// Return what is reached from `starts`, the nearest first: at most so many, and at most so many steps away.
function reached(starts, waysFrom, most = Infinity, steps = Infinity) {
  const found = new Map(starts.map((start) => [start, 0]));
  for (const [each, distance] of found) {
    if (distance >= steps) continue;
    for (const other of waysFrom(each)) {
      if (found.size >= most) return [...found.keys()];
      if (!found.has(other)) found.set(other, distance + 1);
    }
  }
  return [...found.keys()];
}
