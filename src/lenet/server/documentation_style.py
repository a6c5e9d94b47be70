"""How the documentation page looks: ink on paper, or the other way round where the system is dark."""

STYLE = """
:root{color-scheme:light dark;--paper:#f5f1e8;--ink:#1d1b17;--muted:#625c51;--line:#d9d1c1;--surface:#fffdf8;
--accent:#0c6657;--good:#1f5fa8;--bad:#b04a06}
@media (prefers-color-scheme:dark){:root{--paper:#14161a;--ink:#ebe5d8;--muted:#a8a194;--line:#363a43;
--surface:#1b1e23;--accent:#62cdb4;--good:#74b4fb;--bad:#f79650}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--paper);color:var(--ink);
font:1.0625rem/1.6 "Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",Georgia,serif}
header{padding:clamp(2rem,6vw,4.5rem) clamp(1rem,5vw,4rem) 2rem;border-bottom:1px solid var(--line)}
header p{max-width:42rem;margin:.4rem 0}h1{font-size:clamp(2.4rem,7vw,4rem);line-height:1;margin:0 0 1rem;
font-weight:500;letter-spacing:-.02em}h1 small{font-size:.35em;color:var(--muted);letter-spacing:0}
.columns{display:grid;grid-template-columns:16rem minmax(0,52rem);gap:clamp(1.5rem,4vw,4rem);
padding:2rem clamp(1rem,5vw,4rem) 6rem}
nav{position:sticky;top:1.5rem;align-self:start;font-size:.9rem}nav ul{list-style:none;margin:0;padding:0}
nav a{display:block;padding:.3rem 0;color:inherit;text-decoration:none;overflow-wrap:anywhere}
nav a:hover{color:var(--accent)}nav b{display:inline-block;width:3.2rem;font-size:.75rem;color:var(--muted)}
section{padding-bottom:2.5rem;margin-bottom:2.5rem;border-bottom:1px solid var(--line)}
section:last-child{border:0}h2{font-size:1.45rem;font-weight:500;margin:0 0 .4rem;line-height:1.3}
h2 span{font:600 .75rem/1 ui-monospace,"SF Mono",Menlo,Consolas,monospace;padding:.3rem .5rem;border-radius:.25rem;
color:var(--paper);background:var(--good);vertical-align:.2em}h2 .post{background:var(--accent)}
h3{font-size:1rem;font-weight:600;margin:1.6rem 0 .4rem}p{margin:.4rem 0}.lead{font-size:1.15rem}
a{color:var(--accent);text-underline-offset:.15em}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code,pre{font:.85em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace}h2 code{font-size:.95em}
pre{background:var(--surface);padding:.8rem 1rem;border-radius:.4rem;overflow:auto;margin:.5rem 0;max-height:26rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-top:1px solid var(--line)}
thead th{border:0;color:var(--muted);font-weight:400;font-size:.85rem;padding-bottom:.1rem}
td:nth-child(2){color:var(--muted);min-width:8rem}
details{border-top:1px solid var(--line);padding:.35rem 0}summary{cursor:pointer}
summary b{font:600 .85rem ui-monospace,"SF Mono",Menlo,Consolas,monospace;margin:0 .4rem}
.s2{color:var(--good)}.s4,.s5{color:var(--bad)}.small{font-size:.85rem;color:var(--muted)}
@media (max-width:56rem){.columns{grid-template-columns:minmax(0,1fr)}nav{position:static}
nav ul{columns:2;column-gap:1rem}}
@media (max-width:30rem){nav ul{columns:1}}
@media print{nav{display:none}.columns{display:block}pre{max-height:none}}
""".replace("\n", "")
