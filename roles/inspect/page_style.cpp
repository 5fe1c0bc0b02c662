// The page's style sheet and what it has before its scripts have run.
#include "roles/inspect/page_parts.h"

namespace edge::inspect {

const char* const page_style = R"css(:root {
  --paper: #ffffff; --ink: #1d2733; --quiet: #5d6b7a; --rule: #d5dbe2; --panel: #f4f6f8; --line: #97a3b0;
  --ground0: #e8f0fb; --ground1: #f3edfa; --link: #2563c9; --chosen: #c2410c; --bar: #8fa3b8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e3e8ee; --quiet: #93a0ae; --rule: #343c46; --panel: #1b2026; --line: #66727f;
    --ground0: #18232f; --ground1: #231d2e; --link: #6ba6ff; --chosen: #ff9a4d; --bar: #5d7085;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  font: 13px/1.4 system-ui, sans-serif; overscroll-behavior: none; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; padding: 8px 12px;
  border-bottom: 1px solid var(--rule); background: var(--panel); }
h1 { font-size: 15px; margin: 0; overflow-wrap: anywhere; }
#facts { color: var(--quiet); }
.tools { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 8px; }
#legend { display: inline-flex; align-items: center; gap: 6px; color: var(--quiet); font-size: 12px; white-space: nowrap; }
#legend i { display: inline-block; width: 84px; height: 10px; border-radius: 2px; }
button, select, input[type=search] { font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--rule); border-radius: 4px; padding: 3px 8px; }
button { cursor: pointer; min-width: 30px; }
input[type=search] { width: 170px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
main { flex: 1; min-height: 0; display: flex; }
#graph { flex: 1; min-width: 0; height: 100%; touch-action: none; cursor: grab; user-select: none; -webkit-user-select: none; }
#graph.dragged { cursor: grabbing; }
#cuts { width: 230px; display: flex; flex-direction: column; border-left: 1px solid var(--rule); background: var(--panel); }
#cuts > p { margin: 0; padding: 6px 10px 4px; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 8px; }
#cuts label { color: var(--quiet); white-space: nowrap; }
#bars { flex: 1; min-height: 0; width: 100%; cursor: pointer; display: block; }
#chosen { padding: 6px 10px; border-top: 1px solid var(--rule); max-height: 45%; overflow: auto; }
#chosen[hidden] { display: none; }
#chosen button { float: right; }
#chosen ul { margin: 2px 0 0; padding-left: 16px; }
#chosen li { overflow-wrap: anywhere; }
.layer rect { stroke: var(--rule); stroke-width: 1; }
.layer { cursor: pointer; }
.layer:hover rect { stroke: var(--link); stroke-width: 2; }
.layer.found rect { stroke: var(--chosen); stroke-width: 4; }
.layer text { font-size: 11px; pointer-events: none; }
.layer .name { font-weight: 600; }
.layer .number, .layer .aside { opacity: .75; }
.far text { display: none; }
.behind { opacity: .38; }
.line { fill: none; stroke: var(--line); }
.line.link { stroke: var(--link); }
.line.crossing { stroke: var(--chosen); }
.bytes { font-size: 11px; font-weight: 600; fill: var(--link); stroke: var(--paper); stroke-width: 3px; paint-order: stroke;
  stroke-linejoin: round; pointer-events: none; }
.bytes.crossing { fill: var(--chosen); }
.ground0 { fill: var(--ground0); }
.ground1 { fill: var(--ground1); }
.part { font-size: 12px; fill: var(--quiet); }
.part .name { font-weight: 700; font-size: 14px; fill: var(--ink); }
.bar { fill: var(--bar); }
.bar.link { fill: var(--link); }
.bar.chosen, .mark { fill: var(--chosen); }
.axis { fill: var(--quiet); font-size: 10px; }
.seen { fill: var(--ink); fill-opacity: .07; stroke: var(--ink); stroke-opacity: .35; }
.hit { fill: transparent; }
.hit:hover { fill: var(--ink); fill-opacity: .14; }
#tip { position: fixed; z-index: 2; max-width: min(340px, 94vw); padding: 7px 10px; border: 1px solid var(--rule); border-radius: 6px;
  background: var(--paper); box-shadow: 0 3px 14px rgb(0 0 0 / .25); font-size: 12px; pointer-events: none; overflow-wrap: anywhere; }
#tip[hidden] { display: none; }
#tip table { border-collapse: collapse; }
#tip th { text-align: left; font-weight: normal; color: var(--quiet); padding: 0 10px 0 0; vertical-align: top; white-space: nowrap; }
#tip td { padding: 0; font-variant-numeric: tabular-nums; }
#note { margin: 0; padding: 3px 12px; color: var(--quiet); font-size: 12px; border-top: 1px solid var(--rule); }
#note:empty { display: none; }
@media (max-width: 700px) {
  header { padding: 6px 8px; gap: 4px 8px; }
  #legend i { width: 48px; }
  input[type=search] { width: 118px; }
  main { flex-direction: column; }
  #graph { height: auto; min-height: 0; }
  #cuts { width: 100%; height: 132px; border-left: 0; border-top: 1px solid var(--rule); }
  #cuts.told { height: 232px; }
  #note { font-size: 11px; }
  #closer, #farther { display: none; }
}
)css";

const char* const page_body = R"html(<body>
<header>
<h1 id="title"></h1>
<span id="facts"></span>
<span class="tools">
<label>colour <select id="metric"></select></label>
<span id="legend" title="colours follow the square root, so that small ones differ, too"><span>0</span><i></i><span id="most"></span></span>
</span>
<span class="tools">
<input type="search" id="search" list="names" placeholder="layer or number" aria-label="jump to a layer">
<datalist id="names"></datalist>
<button id="whole" title="show the whole network (0)">fit</button>
<button id="width" title="as wide as the window (w)">width</button>
<button id="closer" title="closer (+)" aria-label="closer">+</button>
<button id="farther" title="farther (-)" aria-label="farther">&minus;</button>
</span>
</header>
<main>
<svg id="graph" role="img" aria-label="drawing of the network"><g id="world"></g></svg>
<aside id="cuts">
<p><b>bytes across a cut</b> <label><input type="checkbox" id="logarithmic"> log scale</label></p>
<svg id="bars" role="img" aria-label="bytes that cross a cut behind each layer"></svg>
<div id="chosen" hidden></div>
</aside>
</main>
<p id="note"></p>
<div id="tip" hidden></div>
<noscript><p>The drawing is made by a script in this file; nothing is loaded. Please allow it.</p></noscript>
)html";

}  // namespace edge::inspect
