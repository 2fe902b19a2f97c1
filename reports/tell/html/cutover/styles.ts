/** The part of the style sheet that draws the cutover; its colours are those of the page. */
export const CUTOVER = `
.alarm{border:4px solid var(--bad);padding:.75rem 1.25rem}
.alarm h2{margin:0 0 .35rem;padding:0;border:0;color:var(--bad)}
figure.cutover{margin:.5rem 0}
.cutover figcaption{font-weight:400;margin-top:.35rem}
.timeline{display:block;width:calc(100% - 1.75rem);margin:0 .875rem;overflow:visible;font-size:12px;color:var(--link);font-variant-numeric:tabular-nums}
.timeline>text,.timeline .bound{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-linejoin:round}
.timeline text{fill:var(--text)}
.timeline .lane{font-weight:600}
.timeline text.bound{fill:var(--bad);stroke:var(--surface)}
.timeline .tick text,.timeline text.tick{fill:var(--muted)}
.timeline .ground{fill:var(--surface)}
.timeline polyline{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.timeline polyline.second{stroke:var(--text);stroke-width:1.5;stroke-dasharray:1 4}
.timeline polygon{fill:currentColor;fill-opacity:.18}
.timeline line.bound{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:6 4;vector-effect:non-scaling-stroke}
.timeline line.tick{stroke:var(--line)}
.stem{stroke:var(--control);stroke-dasharray:2 3}
.stem.bad{stroke:var(--bad)}
.span{fill:var(--warn)}
.span.firing{fill:var(--bad)}
.span.no-data{fill:none;stroke:var(--muted)}
svg.pin{overflow:visible;vertical-align:middle}
.mark{fill:var(--page);stroke:var(--text);stroke-width:1.5}
.mark text{fill:var(--text);stroke:none;font:700 11px system-ui,sans-serif;text-anchor:middle}
.mark.good{fill:var(--goPaper);stroke:var(--page)}.mark.good text{fill:var(--goInk)}
.mark.uneasy{fill:var(--holdPaper);stroke:var(--holdInk)}.mark.uneasy text{fill:var(--holdInk)}
.mark.bad{fill:var(--nogoPaper);stroke:var(--page)}.mark.bad text{fill:var(--nogoInk)}
`;

/** On paper: the colours of marks and lines stay. */
export const CUTOVER_PRINT = `
.timeline,.pin{-webkit-print-color-adjust:exact;print-color-adjust:exact}
figure.cutover,.alarm{break-inside:avoid}
.alarm{border:3px solid var(--text)}
`;
