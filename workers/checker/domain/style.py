"""The look of the report page."""

from __future__ import annotations

from markupsafe import Markup

STYLE = Markup("""
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #fff; --wash: #f6f8fa;
  --good: #1a7f37; --bad: #b35900; --fail: #b3261e; --added: #dafbe1; --removed: #ffe5e2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #3d444d; --back: #14181d;
  --wash: #1c2128; --good: #57c46f; --bad: #e3a857; --fail: #ff8a80; --added: #12381f; --removed: #4a1f1c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
header { border-left: .4rem solid var(--soft); padding: .1rem 0 .1rem 1rem; margin-bottom: 2rem; }
header.reproduced { border-color: var(--good); } header.differs { border-color: var(--bad); }
header.failed { border-color: var(--fail); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .2rem 0; }
h2 { font-size: 1.1rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
.about, .note, .place, figcaption { color: var(--soft); font-size: .9rem; }
.reason { font-size: 1.1rem; }
section { border-top: 1px solid var(--line); padding: 1.2rem 0; }
.outcome { font-weight: 600; font-size: .8rem; padding: .1rem .5rem; border-radius: 1rem; background: var(--wash);
  color: var(--bad); white-space: nowrap; }
.identical .outcome, .equivalent .outcome, .other-rendering .outcome { color: var(--good); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: 1rem; }
figure { margin: .5rem 0; }
figure img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
.changes { padding-left: 1.6rem; } .changes li { margin: .5rem 0; overflow-wrap: anywhere; }
del { background: var(--removed); } ins { background: var(--added); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
thead th { background: var(--wash); } tbody th { font-weight: 400; color: var(--soft); }
""")
