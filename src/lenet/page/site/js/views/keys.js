/** Keys that work anywhere on the page, but where something is typed. */
export function listenForKeys(store, pad) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input:not([type=range]), select, textarea, dialog[open]")) return;
    const action = actionOf(event.key);
    if (!action) return;
    action();
    event.preventDefault();
  });

  function actionOf(key) {
    if (/^\d$/.test(key)) return () => pad.writeSample(Number(key));
    const actions = { c: pad.clear, z: pad.undo, o: pad.chooseFile };
    if (key === "Escape" && store.state.stop !== null) return () => store.set({ stop: null });
    if (key === "Escape" && store.state.focus) return () => store.set({ focus: null });
    return actions[key.toLowerCase()];
  }
}
