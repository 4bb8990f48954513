// Behaviour every page shares, on nodes present and nodes to come: timers, menus, refusals, the column switcher.
// The page works without it.
"use strict";

const crux = (window.crux = window.crux || {});

// Timers run from the server's clock: its time is in the page, ours at the first byte of the answer.
const arrived = () => performance.timeOrigin + (performance.getEntriesByType("navigation")[0]?.responseStart || 0);
const told = Date.parse(document.querySelector('meta[name="crux-now"]')?.content || "");
const ahead = Number.isNaN(told) ? 0 : arrived() - told;
crux.now = () => Date.now() - ahead;

const LONG = 300, STUCK = 900; // s: an elapsed time turns amber, then red at the default deadline of an attempt

crux.clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
};

crux.ago = (seconds) => {
  if (seconds < 60) return "just now";
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
};

// Writes the text of each <time data-since> (0:41) and <time data-ago> (3 min ago) under `root`, only where it changed.
crux.tick = (root = document) => {
  const now = crux.now();
  const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  for (const node of root.querySelectorAll("time[data-since]")) {
    const seconds = (now - Date.parse(node.dataset.since)) / 1000;
    say(node, crux.clock(seconds));
    const age = seconds < LONG ? "" : seconds < STUCK ? "long" : "stuck";
    if (node.dataset.age !== age) node.dataset.age = age;
  }
  for (const node of root.querySelectorAll("time[data-ago]")) {
    const at = new Date(node.dataset.ago);
    say(node, crux.ago((now - at) / 1000));
    if (!node.title) node.title = at.toLocaleString();
  }
};

// At rest nothing is written: the clock only runs in a page that is seen and has a running timer.
setInterval(() => { if (!document.hidden) crux.tick(); }, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) crux.tick(); });
crux.tick();

// What the socket brings is told the time before it is painted.
const live = document.querySelector("[data-socket]");
if (live) new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) crux.tick(node);
}).observe(live, { childList: true, subtree: true });

// One who cannot see the board is told how far it is, now and then, and only if it got further.
const SAY_EVERY = 15_000; // ms
setInterval(() => {
  const said = document.getElementById("said"), done = document.querySelector("#facts .facts > :first-child")?.textContent;
  if (said && done && said.textContent !== done) said.textContent = done;
}, SAY_EVERY);

crux.toast = (text) => {
  const box = document.getElementById("toasts");
  if (!box) return;
  const toast = document.createElement("p"), close = document.createElement("button");
  toast.className = "toast";
  toast.append(text, close);
  close.append("✕");
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => toast.remove());
  box.replaceChildren(...[...box.children].slice(-2), toast);
  setTimeout(() => toast.remove(), 10_000);
};

// A refusal says in plain text what stands in the way.
document.addEventListener("htmx:responseError", (event) => {
  const { responseText, status } = event.detail.xhr;
  const plain = responseText && !responseText.includes("<") && responseText.length < 500;
  crux.toast(plain ? responseText : status === 403 ? "You may not do that, or you were signed out. Reload the page." : `The server answered ${status}. Nothing was changed.`);
});
document.addEventListener("htmx:sendError", () => crux.toast("The server could not be reached. Nothing was changed."));

// Menus close on Escape and on a click elsewhere.
const closeMenus = (but) => { for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false; };
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});

document.querySelector(".switcher :checked")?.parentElement.scrollIntoView({ block: "nearest", inline: "center" });

// The narrow board: the address keeps the column that is shown.
document.addEventListener("change", (event) => {
  const choice = event.target.closest(".switcher input");
  if (!choice) return;
  const url = new URL(location.href);
  url.searchParams.set("show", choice.value);
  history.replaceState(history.state, "", url);
  choice.parentElement.scrollIntoView({ block: "nearest", inline: "center" });
});
