/**
 * The page's only script: filters, and what printing needs. Plain DOM, no handler in an attribute; the page's policy admits
 * exactly this text by its hash. Without it everything is visible.
 */
export const SCRIPT = `'use strict';
(() => {
  const form = document.getElementById('filter');
  const count = document.getElementById('count');
  const items = [...document.querySelectorAll('.item')];
  const groups = [...document.querySelectorAll('.group, .phase')];
  const proofs = [...document.querySelectorAll('details')];
  // Closed evidence is text until it is opened: of thousands of items the browser lays out only what somebody looks at.
  const draw = (proof) => {
    const text = proof.querySelector(':scope > noscript');
    if (text) text.replaceWith(document.createRange().createContextualFragment(text.textContent));
  };
  for (const proof of proofs) proof.addEventListener('toggle', () => proof.open && draw(proof));
  const texts = new Map();
  const textOf = (item) => {
    let text = texts.get(item);
    if (text === undefined) {
      text = item.textContent.replace(/<[^>]*>/g, ' ').slice(0, 50000).toLowerCase();
      texts.set(item, text);
    }
    return text;
  };
  const apply = () => {
    const words = form.elements.text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const chosen = ['outcome', 'phase', 'severity', 'owner']
      .map((name) => [name, form.elements[name].value])
      .filter(([, value]) => value !== '');
    const blocking = form.elements.blocks.checked;
    let shown = 0;
    for (const item of items) {
      const fits =
        chosen.every(([name, value]) => item.dataset[name] === value) &&
        (!blocking || item.dataset.blocks === 'yes') &&
        words.every((word) => textOf(item).includes(word));
      item.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const group of groups) group.hidden = !group.querySelector('.item:not([hidden])');
    count.textContent = shown === items.length ? items.length + ' items' : shown + ' of ' + items.length + ' items (filtered)';
  };
  let waiting = 0;
  form.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener('reset', () => setTimeout(apply));
  form.hidden = false;
  if (items.some((item) => item.hidden) || form.elements.text.value !== '') apply();

  const unfold = document.getElementById('unfold');
  unfold.addEventListener('click', () => {
    const open = unfold.getAttribute('aria-pressed') !== 'true';
    unfold.setAttribute('aria-pressed', String(open));
    for (const item of items) for (const proof of item.querySelectorAll('details')) {
      if (open) draw(proof);
      proof.open = open;
    }
  });

  const roles = [...document.querySelectorAll('.role')];
  const showRole = () => {
    const chosen = /^#role=/.test(location.hash) && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    document.body.classList.toggle('one-role', Boolean(chosen));
    for (const role of roles) role.hidden = Boolean(chosen) && !role.contains(chosen);
    if (chosen) chosen.focus();
  };
  for (const button of document.querySelectorAll('.role-items')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      form.reset();
      form.elements.owner.value = button.dataset.owner;
      apply();
      location.hash = '#items';
    });
  }

  const reveal = () => {
    showRole();
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest('[hidden]') && !target.closest('form')) {
      form.reset();
      apply();
    }
    const proof = target.querySelector(':scope > details');
    if (proof) {
      draw(proof);
      proof.open = true;
    }
    target.scrollIntoView();
    if (target.matches('.item, h2, h3')) target.focus({ preventScroll: true });
  };
  addEventListener('hashchange', reveal);
  if (location.hash) reveal();

  let closed = [];
  addEventListener('beforeprint', () => {
    closed = proofs.filter((proof) => !proof.open);
    for (const proof of closed) {
      draw(proof);
      proof.open = true;
    }
  });
  addEventListener('afterprint', () => {
    for (const proof of closed) proof.open = false;
  });
})();
`;
