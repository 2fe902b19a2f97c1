/** The page's style sheet: system fonts, both colour schemes, from 320 px to A4. */
import { customProperties, DARK, LIGHT } from './colours.ts';
import { CUTOVER, CUTOVER_PRINT } from './cutover/styles.ts';

const BASE = `
*{box-sizing:border-box}
html{font:100%/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--text)}
main,header,footer{max-width:64rem;margin:0 auto;padding:0 1rem}
header{padding-top:.75rem;padding-bottom:.75rem;color:var(--muted);display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}
header nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:0;padding:0}
footer{color:var(--muted);padding-top:2rem;padding-bottom:2rem;font-size:.875rem}
h1,h2,h3,h4,h5,p,td,th,dd,dt,li,summary,label,figcaption{overflow-wrap:anywhere}
h2{font-size:1.35rem;margin:2.25rem 0 .75rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
h3{font-size:1.15rem;margin:2rem 0 .5rem;display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
h4{font-size:1rem;margin:1.25rem 0 .5rem;color:var(--muted)}
h5{font-size:1rem;margin:0;display:flex;flex-wrap:wrap;gap:.15rem .6rem;align-items:baseline}
p{margin:.35rem 0}
a{color:var(--link)}
code,pre,.id,.place{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
[hidden]{display:none!important}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.defs{position:absolute}
.skip{position:absolute;left:.5rem;top:-4rem;padding:.5rem 1rem;background:var(--page);border:2px solid var(--link);z-index:1}
.skip:focus{top:.5rem}
.sign{width:1.15em;height:1.15em;vertical-align:-.2em;flex:none}
.note,.label,small,.meta{color:var(--muted);font-size:.875rem}
`;

const DECISION = `
.banner{padding:1rem 1.25rem;border-radius:.5rem}
.banner h1{margin:0;font-size:clamp(2.25rem,10vw,3.5rem);line-height:1.1;letter-spacing:.02em}
.banner .what{font-size:1.15rem;font-weight:600}
.go{background:var(--goPaper);color:var(--goInk)}
.nogo{background:var(--nogoPaper);color:var(--nogoInk)}
.hold{background:var(--holdPaper);color:var(--holdInk)}
.decision{display:inline-block;padding:.05rem .5rem;border-radius:.3rem;font-weight:700;font-size:.95rem;white-space:nowrap}
.badge{font-weight:600;font-size:.95rem}
.ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}.info{color:var(--info)}.muted{color:var(--muted)}
.notice{border:2px solid var(--warn);border-radius:.5rem;padding:.6rem 1rem;margin:.75rem 0}
.answers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(9rem,100%),1fr));gap:.75rem;margin:.75rem 0}
.answers div{background:var(--surface);border-radius:.5rem;padding:.6rem .9rem}
dt{font-size:.875rem;color:var(--muted)}
dd{margin:.15rem 0 0}
.answers dd span+span{display:block;font-size:.875rem;margin-top:.35rem}
.tree,.tree ul{padding-left:1.25rem;margin:.25rem 0}
.tree li{margin:.3rem 0}
.code{color:var(--muted)}
.tree .ids{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.1rem .9rem}
.ids li{margin:0}
.phases{list-style:none;padding:0;margin:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr));gap:.75rem}
.phases li{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .9rem}
.phases .head{display:flex;flex-wrap:wrap;gap:.35rem .6rem;font-weight:600}
.facts{display:grid;gap:.35rem}
.facts div{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.25rem 1rem}
`;

const PEOPLE = `
.blockers{padding:0;list-style:none;margin:0}
.blockers li{padding:.5rem 0}.blockers li+li{border-top:1px solid var(--line)}
.blockers p{margin:.1rem 0}
.severity{font-size:.875rem;text-transform:uppercase;letter-spacing:.04em;color:var(--muted)}
.changes{padding-left:1.25rem;margin:.25rem 0}
.changes .findings{list-style:none;padding-left:.5rem;font-size:.9375rem}
h3 small{font-weight:400}
.runs{list-style:none;padding:0;margin:0 0 1rem;display:grid;gap:.3rem}
.trends{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(19rem,100%),1fr));gap:1rem}
.trends figure{margin:0;min-width:0}
.rolelinks{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15rem,100%),1fr));gap:.25rem 1rem}
.role{padding-bottom:.5rem}.role+.role{border-top:1px solid var(--line)}
.one-role main>section:not(:has(.role)),.one-role .decided>section:not(.banner),.one-role .rolelinks{display:none}
`;

const ITEMS = `
form{display:flex;flex-wrap:wrap;gap:.6rem .8rem;align-items:end;background:var(--surface);padding:.8rem;border-radius:.5rem}
label{display:grid;gap:.2rem;font-size:.875rem;color:var(--muted);flex:1 1 8.5rem;min-width:0}
label.wide{flex-basis:100%}
label.check{display:flex;align-items:center;gap:.5rem;flex:0 1 auto;min-height:2.6rem}
label.check input{width:1.25rem;height:1.25rem}
input[type=search],select,button{font:inherit;color:var(--text);background:var(--page);border:1px solid var(--control);border-radius:.35rem;padding:.45rem .6rem;min-height:2.6rem;width:100%;min-width:0}
button{width:auto;cursor:pointer}
button[aria-pressed=true]{border-width:3px}
.item{padding:.7rem 0;border-top:1px solid var(--line);content-visibility:auto;contain-intrinsic-size:auto 5rem}
.item:target{background:var(--surface);box-shadow:-.6rem 0 0 var(--surface),.6rem 0 0 var(--surface)}
.id{font-weight:600;white-space:nowrap}
.message{white-space:pre-line;margin:.25rem 0}
.advice{font-weight:600}
.waived{border-left:4px solid var(--info);padding-left:.7rem}
.meta{list-style:none;display:flex;flex-wrap:wrap;gap:0 .9rem;padding:0;margin:.2rem 0}
.proof{margin:.35rem 0}
summary{cursor:pointer;padding:.3rem 0;color:var(--link);width:fit-content}
.evidence{margin:.5rem 0 1rem;padding-left:.9rem;border-left:3px solid var(--line)}
figcaption{font-weight:600}
pre{background:var(--surface);border-radius:.35rem;padding:.6rem .8rem;margin:.25rem 0;white-space:pre-wrap;overflow-wrap:anywhere;max-height:24rem;overflow:auto}
.diff del,.diff ins,.diff span{display:block;text-decoration:none;color:var(--text)}
.diff del{background:var(--deleted)}
.diff ins{background:var(--inserted)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-width:min(100%,20rem);font-size:.9375rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:normal;word-break:normal;min-width:4rem;max-width:28rem}
td.long{min-width:14rem;overflow-wrap:anywhere}
td.own{white-space:nowrap}
thead th{color:var(--muted);font-size:.875rem}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.value{display:flex;flex-wrap:wrap;gap:.25rem .8rem;align-items:baseline}
.value strong{font-size:1.2rem;font-variant-numeric:tabular-nums}
.bar{display:block;width:100%;max-width:24rem;height:.8rem;color:var(--link)}
.bar.ok{color:var(--ok)}.bar.bad{color:var(--bad)}
.bar .fill{fill:currentColor}.bar .track{fill:var(--line)}
.bar .mark{stroke:var(--text);stroke-width:3;vector-effect:non-scaling-stroke}
.histogram{width:100%;max-width:36rem}.drawn{width:50%;min-width:6rem}.drawn .bar{margin-top:.35rem}
.plot{display:grid;grid-template:1fr 1fr auto/auto 1fr 1fr;gap:.15rem .5rem;max-width:44rem;font-size:.8125rem;color:var(--muted);font-variant-numeric:tabular-nums}
.plot svg{grid-area:1/2/3/4;width:100%;height:9rem;background:var(--surface);border-radius:.25rem;color:var(--link)}
.together .plot{grid-template-columns:7rem 1fr 1fr}.together .plot svg{height:4.5rem}.strip{break-inside:avoid}
.plot .top{grid-area:1/1}.plot .bottom{grid-area:2/1;align-self:end}
.plot .start{grid-area:3/2}.plot .end{grid-area:3/3;text-align:right}
.plot polyline{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
.plot circle{fill:currentColor}
.reach text{font:11px ui-monospace,monospace;fill:var(--text)}.reach .cell text{text-anchor:middle}.reach rect{stroke:var(--line);fill:var(--surface)}
.reach .allow rect{fill:var(--inserted)}.reach .undefined rect{fill:var(--deleted)}
.plot .bound{stroke:var(--bad);stroke-width:2;stroke-dasharray:6 4;vector-effect:non-scaling-stroke}
`;

const PRINT = `
@media (max-width:30rem){.facts div{grid-template-columns:1fr}.facts dd{margin:0 0 .35rem}main,header,footer{padding-left:.75rem;padding-right:.75rem}}
@media (prefers-color-scheme:dark){:root{color-scheme:dark}}
@page{size:A4;margin:15mm 14mm}
@media print{
html{font-size:9.5pt}
main,header,footer{max-width:none;padding:0}
header nav,form,.skip,button{display:none!important}
.decided .blockers li:nth-child(n+11),.decided .changes>li:nth-child(n+6),.decided details{display:none!important}
.decided .blockers:has(li:nth-child(n+11))::after{content:"Further ones stand in the annex, under Items."}
.decided+section{break-before:page}
body:not(.one-role) .role{break-inside:avoid-page}
.item{content-visibility:visible;contain:none}
.banner,.decision,.diff del,.diff ins,.plot svg,.bar,pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.banner,.notice{border:2px solid var(--text)}
h2,h3,h4,h5,figcaption,summary,.label{break-after:avoid}
h5,.message,.plot,.value,.answers div,.phases li,tr{break-inside:avoid}
pre{max-height:none;overflow:visible;border:1px solid var(--line)}
.scroll{overflow:visible}
details::details-content{content-visibility:visible;block-size:auto}
details:not([open])>:not(summary){display:block}
a{color:inherit;text-decoration:none}
${CUTOVER_PRINT}}
`;

/** The whole style sheet. Print always takes the light colours. */
export const STYLES = [
  `:root{color-scheme:light;${customProperties(LIGHT)}}`,
  `@media screen and (prefers-color-scheme:dark){:root{${customProperties(DARK)}}}`,
  BASE,
  DECISION,
  PEOPLE,
  ITEMS,
  CUTOVER,
  PRINT,
].join('');
