// Bundles dagre into dagre.js, with its versions and licences at the top:
//     npm install --package-lock=false && npm run build
import { build } from "esbuild";
import { readFileSync } from "node:fs";

const libraries = ["@dagrejs/dagre", "@dagrejs/graphlib"].map((name) => {
  const folder = `node_modules/${name}`;
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}`;
});

await build({
  stdin: { contents: 'export { Graph } from "@dagrejs/graphlib"; export { layout } from "@dagrejs/dagre";', resolveDir: "." },
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "dagre",
  target: "es2020",
  legalComments: "none",
  banner: { js: `/*! Built by build.mjs from:\n\n${libraries.join("\n\n")}\n*/` },
  outfile: "dagre.js",
});
