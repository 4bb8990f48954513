/* The live socket of a page. The page says where: <div data-socket="/ws/boards/…/" data-seq="12">.

   A frame is {seq, parts: {id: html}, columns: {name: [card ids]}, cards: {id: html}}: state to patch in, so a frame that
   comes twice changes nothing, and one that does not fit is answered with a request for the whole. Only what differs is
   touched: focus, scroll, open menus and typed text stay. Without a socket the page is fetched every few seconds. */
(() => {
  "use strict";
  const root = document.querySelector("[data-socket]");
  if (!root) return;
  const pill = document.getElementById("connection");
  const CARDS = "ol[data-column]", SIGN_IN = 4401, NOTHING_HERE = 4404, POLL_MS = 3000, TRIES_BEFORE_POLLING = 3;
  let seq = Number(root.dataset.seq), socket = null, tries = 0, opened = false, polling = 0, retry = 0, fresh = new Date();

  const state = (name) => {
    if (!pill || pill.dataset.state === name) return;
    pill.dataset.state = name;
    const time = pill.querySelector("time");
    if (time && name !== "live") {
      time.dateTime = fresh.toISOString();
      time.textContent = fresh.toLocaleTimeString([], { hour12: false });
    }
  };

  const element = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };

  let pressed = null; // what has the focus, or would have it if its own request had not disabled it
  addEventListener("focusin", (event) => { pressed = event.target; });
  addEventListener("focusout", (event) => { if (!event.target.disabled) pressed = null; });

  /* What gives the focus back after a replacement: to the same place, or to the first that takes it near there. */
  const focusOf = (old) => {
    const node = document.activeElement === document.body ? pressed : document.activeElement;
    if (!node || !old.contains(node)) return () => {};
    const anchor = node.closest("[id]"), way = [];
    for (let at = node; at !== anchor; at = at.parentElement) way.unshift([...at.parentElement.children].indexOf(at));
    return (next) => {
      const same = way.reduce((at, place) => at?.children[place], document.getElementById(anchor.id));
      const found = same?.tagName === node.tagName ? same : next.querySelector("a[href], button, summary");
      found?.focus({ preventScroll: true });
    };
  };

  /* Put `next` where `old` is, and keep what the person is doing there. */
  const replace = (old, next) => {
    if (old.isEqualNode(next)) return old;
    const focus = focusOf(old);
    old.querySelectorAll("details[id][open]").forEach((one) => next.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute("open", ""));
    old.replaceWith(next);
    if (window.htmx) htmx.process(next);
    window.crux?.tick?.(next.parentElement);
    focus(next);
    return next;
  };

  const card = (id, html) => {
    const next = element(html), old = document.getElementById(id);
    if (!old) {
      if (window.htmx) htmx.process(next);
      window.crux?.tick?.(next);
      return next;
    }
    return Number(old.dataset.seq) > Number(next.dataset.seq) ? old : replace(old, next);
  };

  /* Bring a column to exactly this order, moving only what is out of place. False if a card is missing. */
  const arrange = (list, order, made) => {
    const nodes = order.map((id) => made.get(id) || document.getElementById(id));
    if (nodes.some((node) => !node)) return false;
    nodes.forEach((node, place) => { if (list.children[place] !== node) list.insertBefore(node, list.children[place] || null); });
    while (list.children.length > nodes.length) list.lastElementChild.remove();
    return true;
  };

  const apply = (frame) => {
    if (frame.seq < seq) return true;
    const made = new Map();
    for (const [id, html] of Object.entries(frame.cards || {})) made.set(id, card(id, html));
    const focused = document.activeElement;
    let fits = true;
    for (const [name, order] of Object.entries(frame.columns || {})) {
      const list = root.querySelector(`ol[data-column="${CSS.escape(name)}"]`);
      if (list) fits = arrange(list, order, made) && fits;
    }
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true }); // it was moved
    for (const [id, html] of Object.entries(frame.parts || {})) {
      const old = document.getElementById(id);
      if (old) replace(old, element(html));
    }
    if (fits) { seq = frame.seq; root.dataset.seq = seq; fresh = new Date(); }
    return fits;
  };

  /* The page itself, as a frame. */
  const frameOf = (page) => {
    const frame = { seq: Number(page.dataset.seq), parts: {}, columns: {}, cards: {} };
    page.querySelectorAll(CARDS).forEach((list) => {
      frame.columns[list.dataset.column] = [...list.children].map((one) => one.id);
      [...list.children].forEach((one) => { frame.cards[one.id] = one.outerHTML; });
    });
    page.ownerDocument.querySelectorAll("[data-part]").forEach((one) => { frame.parts[one.id] = one.outerHTML; });
    return frame;
  };

  const poll = async () => {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (response.redirected) { location.reload(); return; }
      const page = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-socket]");
      if (response.ok && page) { apply(frameOf(page)); fresh = new Date(); state("polling"); }
    } catch { state("reconnecting"); }
  };

  const connect = () => {
    clearTimeout(retry);
    const address = new URL(root.dataset.socket, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("since", seq);
    socket = new WebSocket(address);
    socket.onopen = () => {
      tries = 0; opened = true; clearInterval(polling); polling = 0; fresh = new Date(); state("live");
    };
    socket.onmessage = (message) => {
      const frame = JSON.parse(message.data), fits = apply(frame);
      fresh = new Date();
      socket.send(JSON.stringify(fits ? { ack: frame.seq } : { resync: true }));
    };
    socket.onclose = (event) => {
      if (event.code === SIGN_IN || event.code === NOTHING_HERE) { location.reload(); return; }
      tries += 1;
      if (!polling) state("reconnecting");
      if (!opened && tries >= TRIES_BEFORE_POLLING && !polling) { polling = setInterval(poll, POLL_MS); poll(); }
      retry = setTimeout(connect, Math.random() * Math.min(500 * 2 ** tries, 15000));
    };
  };

  addEventListener("online", () => { if (socket.readyState === WebSocket.CLOSED) connect(); });
  connect();
})();
