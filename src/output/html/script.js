(() => {
  const doc = document, root = doc.documentElement;
  const findings = [...doc.querySelectorAll('.f')];
  const groups = [...doc.querySelectorAll('[data-group]')];
  const rule = doc.getElementById('rule'), words = doc.getElementById('words'), count = doc.getElementById('count');
  const chosen = { action: new Set(), severity: new Set(), origin: new Set() };

  function apply() {
    const wanted = words ? words.value.trim().toLowerCase() : '';
    let shown = 0;
    for (const finding of findings) {
      const data = finding.dataset;
      const fits = Object.entries(chosen).every(([name, set]) => !set.size || set.has(data[name]))
        && (!rule || !rule.value || rule.value === data.rule)
        && (!wanted || finding.textContent.toLowerCase().includes(wanted));
      finding.hidden = !fits;
      if (fits) shown++;
    }
    for (const group of groups) group.hidden = !group.querySelector('.f:not([hidden])');
    const noun = findings.length === 1 ? 'finding' : 'findings';
    if (count) count.textContent = shown === findings.length ? `${shown} ${noun}` : `${shown} of ${findings.length} ${noun}`;
  }

  for (const chip of doc.querySelectorAll('.chip[data-by]')) {
    chip.addEventListener('click', () => {
      const set = chosen[chip.dataset.by];
      const on = !set.has(chip.dataset.value);
      on ? set.add(chip.dataset.value) : set.delete(chip.dataset.value);
      chip.setAttribute('aria-pressed', on);
      apply();
    });
  }
  if (rule) rule.addEventListener('change', apply);
  if (words) words.addEventListener('input', apply);

  const short = doc.getElementById('short');
  if (short) short.addEventListener('click', () => {
    short.setAttribute('aria-pressed', doc.body.classList.toggle('short'));
  });

  const theme = doc.getElementById('theme');
  theme.addEventListener('click', () => {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });

  function open() {
    const target = location.hash && doc.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const own = target.querySelector(':scope > details');
    if (own) own.open = true;
    for (let at = target.closest('details'); at; at = at.parentElement.closest('details')) {
      if (at.open) continue;
      at.open = true;
      target.scrollIntoView();
    }
  }
  addEventListener('hashchange', open);
  open();
  apply();
})();
