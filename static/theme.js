// Before the first paint: the chosen theme, and the mark that scripts run. Blocking on purpose: no flash.
(() => {
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("crux-theme"); } catch { return null; } };

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme || "system")));
    }
  };

  root.classList.add("js");
  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  addEventListener("storage", (event) => { if (event.key === "crux-theme") apply(event.newValue); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set-theme]");
    if (!button) return;
    try { localStorage.setItem("crux-theme", button.dataset.setTheme); } catch { /* private mode: this page only */ }
    apply(button.dataset.setTheme);
  });
})();
