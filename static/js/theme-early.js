// Runs before the first paint, so that a chosen theme never flashes. theme.js has the rest.
(() => {
  try {
    const theme = localStorage.getItem("moulin.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // without storage, the system's theme it is
  }
})();
