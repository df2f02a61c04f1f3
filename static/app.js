// What htmx and HTML cannot do by themselves. Every page works without this file, which keeps no state but where the focus goes on.
(() => {
  "use strict";

  const TOAST_MILLISECONDS = { success: 6000, info: 6000, warning: 20000, error: 20000 };
  const all = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...(root.querySelectorAll?.(selector) ?? [])];

  // Buttons that need this file are hidden until it runs.
  function prepare(root) {
    for (const button of all(root, "[data-reveal], [data-copy], [data-close], [data-search-key], [data-stop], [data-file], [data-dismiss], [data-print]")) button.hidden = false;
    for (const button of all(root, "[data-reveal]")) showReveal(button);
    for (const slot of all(root, "[data-error-for]")) markInvalid(slot);
    for (const time of all(root, "time[datetime]")) showLocally(time);
    for (const toast of all(root, "[data-toast]")) leaveLater(toast);
    for (const form of all(root, "form[data-countdown]")) countDown(form);
    for (const dialog of all(root, "[data-dialog]:not([open])")) open(dialog);
  }

  // Until a form may be sent again. Without this file the page loads itself anew when the time is over.
  function countDown(form) {
    const seconds = form.querySelector("[data-seconds]");
    if (!seconds) return;
    const end = performance.now() + Number(form.dataset.countdown) * 1000;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      seconds.textContent = left;
      if (left > 0) return setTimeout(tick, 250);
      seconds.closest("p").remove();
      const over = form.querySelector("[data-over]");
      over.textContent = over.dataset.over;
      form.querySelector("button").disabled = false;
    };
    tick();
  }

  // A dialog that was sent along: one at a time, gone when it is closed. The page knows whose it is, a session that ended does not.
  function open(dialog) {
    for (const other of document.querySelectorAll("[data-dialog]")) if (other !== dialog) other.remove();
    dialog.addEventListener("close", () => dialog.remove());
    fillPerson(dialog);
    dialog.showModal();
  }

  function fillPerson(root) {
    const { person } = document.body.dataset;
    for (const input of all(root, "input[data-person]")) if (person) Object.assign(input, { value: person, readOnly: true });
  }

  // An input kept over a swap (hx-preserve) may be revealed already, and may carry an older mark.
  function showReveal(button) {
    button.setAttribute("aria-pressed", String(document.getElementById(button.dataset.reveal)?.type === "text"));
  }

  function markInvalid(slot) {
    const control = document.getElementById(slot.dataset.errorFor);
    if (!control?.matches("input, select, textarea")) return;
    if (slot.textContent.trim()) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  }

  // The server writes UTC; the reader's zone is known here only.
  function showLocally(time) {
    const day = "day" in time.dataset;
    if (!day && !time.textContent.endsWith("UTC")) return;
    const style = { dateStyle: "medium", timeStyle: day ? undefined : time.closest("#timeline") ? "medium" : "short" };
    const shown = (style) => new Intl.DateTimeFormat(document.documentElement.lang, style).format(new Date(time.dateTime));
    time.textContent = shown(style);
    time.title = shown({ dateStyle: "medium", timeStyle: "long" });
  }

  function leaveLater(toast) {
    if (toast.dataset.timed) return;
    toast.dataset.timed = "true";
    for (const other of document.querySelectorAll("#toasts [data-toast]"))
      if (other !== toast && other.textContent === toast.textContent) other.remove();
    const wait = () => setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) wait();
      else leave(toast);
    }, TOAST_MILLISECONDS[toast.dataset.toast]);
    wait();
  }

  function leave(toast) {
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), 200);
  }

  // The clipboard is there on secure origins only; elsewhere a selection is copied the old way.
  async function copy(source) {
    const text = source.value ?? source.textContent;
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const selection = getSelection();
    selection.selectAllChildren(source);
    document.execCommand("copy");
    selection.removeAllRanges();
  }

  function confirmCopy(button) {
    const label = button.querySelector("[aria-live]");
    const before = (button.dataset.label ??= label.textContent);
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const menu = document.querySelector(".menu[open]");
    if (menu && !menu.contains(event.target)) menu.removeAttribute("open");
    const button = event.target.closest?.("[data-reveal], [data-copy], [data-close], [data-dismiss], [data-print]");
    if (!button) return;
    if (button.matches("[data-print]")) return print();
    const { reveal, copy: source } = button.dataset;
    if (button.matches("[data-dismiss]")) return button.closest("dialog").close();
    if (reveal) {
      const input = document.getElementById(reveal);
      input.type = input.type === "password" ? "text" : "password";
      showReveal(button);
    } else if (source) {
      copy(document.getElementById(source)).then(() => confirmCopy(button), () => {});
    } else {
      leave(button.closest("[data-toast]"));
    }
  });

  // A revealed password is a password again when it is sent, so that no browser remembers it as a text.
  document.addEventListener("submit", (event) => {
    for (const button of all(event.target, "[data-reveal][aria-pressed=true]")) button.click();
  });

  // From the search into what it found and back, with the arrow keys.
  const found = () => [...document.querySelectorAll("[data-found] tbody th[scope=row] a")];
  function step(event, search) {
    const links = found();
    const at = links.indexOf(event.target);
    if (at < 0 && event.target !== search) return;
    if (event.key === "Escape" && at >= 0) search.focus();
    else if (event.key === "ArrowDown" && at === links.length - 1) document.querySelector("[data-found] a[rel=next]")?.click();
    else if (event.key === "ArrowDown") links[at + 1].focus();
    else if (event.key === "ArrowUp" && at >= 0) (links[at - 1] ?? search).focus();
    else return;
    event.preventDefault();
  }

  // Whoever comes back to a list comes back to the person they opened.
  function comeBack() {
    const link = history.state?.opened && document.querySelector(`[data-found] a[href="${CSS.escape(history.state.opened)}"]`);
    link?.focus({ preventScroll: true });
  }
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("[data-found] th a");
    if (link) history.replaceState({ ...history.state, opened: link.getAttribute("href") }, "");
  });

  // Whoever sorts a list or drops a filter goes on from there, with the keyboard, on the page that follows.
  function goOn() {
    document.getElementById(sessionStorage.getItem("focus-next"))?.focus({ preventScroll: true });
    sessionStorage.removeItem("focus-next");
  }
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("[data-focus-next]");
    if (link) sessionStorage.setItem("focus-next", link.dataset.focusNext);
  });

  // What was typed into a search was asked for as it was typed: leaving the field asks for nothing, or the rows would move
  // from under the click that leaves it.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-search]")) event.stopPropagation();
  }, true);

  // Whether "show more" was pressed, or has merely come into view.
  let pressed = false;
  document.addEventListener("click", ({ target }) => { pressed = Boolean(target.closest?.("a[rel=next]")); }, true);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape") document.querySelector(".menu[open]")?.removeAttribute("open");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const search = document.querySelector("[data-search]");
    if (!search) return;
    step(event, search);
    if (event.key !== "/" || typing) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  document.addEventListener("htmx:after:settle", (event) => {
    prepare(event.target);
    const added = [...(event.detail.newContent ?? [])];
    for (const node of added) prepare(node);
    // "Show more" is gone with the rows that took its place.
    if (pressed && document.activeElement === document.body) added.find((node) => node.matches?.("tr"))?.querySelector("a")?.focus();
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if ([409, 422, 429].includes(event.detail.ctx?.response?.status)) showFault();
  });

  // The first field at fault, else what the page has to say before anything is saved.
  function showFault() {
    const fault = document.querySelector("dialog[open] [aria-invalid=true]") ??
      document.querySelector("#main [aria-invalid=true], #main [data-alert]");
    if (fault?.matches("[data-alert]")) fault.tabIndex = -1;
    fault?.focus();
  }

  // What was posted before the password was asked for (401) is posted again once it was given (204).
  let waiting = null;
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    const source = ctx.sourceElement;
    if (source.matches("[data-confirms]")) {
      if (ctx.response?.status !== 204) return;
      source.closest("dialog")?.close();
      const again = waiting;
      waiting = null;
      again?.();
    } else if (ctx.response?.status === 401 && ctx.request.method === "POST") {
      const { submitter } = ctx.request;
      waiting = () => {
        if (!source.isConnected) return;
        if (source.matches("form")) source.requestSubmit(submitter?.form === source ? submitter : null);
        else source.dispatchEvent(new Event(ctx.sourceEvent.type, { bubbles: true, cancelable: true }));
      };
    }
  });

  // Advice on a password is asked for with the password alone, not with the rest of its form.
  document.addEventListener("htmx:config:request", (event) => {
    const { sourceElement: field, request } = event.detail.ctx;
    if (field?.dataset.advised === undefined) return;
    const sent = [field.name, ...field.dataset.advised.split(" ")];
    for (const name of [...request.body.keys()]) if (!sent.includes(name)) request.body.delete(name);
  });

  // htmx:error is also what a request that never got an answer ends with.
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (!ctx || ctx.response) return;
    const toast = document.getElementById("unreachable")?.content.cloneNode(true).firstElementChild;
    if (!toast) return;
    prepare(toast);
    toast.dataset.unreachable = "";
    document.querySelector("[data-unreachable]")?.remove();
    document.getElementById("toasts").append(toast);
  });

  prepare(document);
  showFault();
  comeBack();
  goOn();
})();

// The mail server's page: the port follows the security unless another was typed, an edit is said to be untested, and Enter in
// the recipient tests instead of saving.
(() => {
  "use strict";

  function follow(port, chosen) {
    const words = port.dataset.usual.split(" ");
    const usual = words[words.indexOf(chosen) + 1];
    if (words.includes(port.value)) port.value = usual;
    port.placeholder = usual;
  }

  document.addEventListener("input", ({ target }) => {
    const form = target.form;
    if (!form?.matches("[data-edits]")) return;
    const port = form.querySelector("[data-follows]");
    if (target.name === port?.dataset.follows && !port.readOnly) follow(port, target.value);
    if (!form.contains(target) || target.dataset.fills) return;
    form.classList.add("edited");
    // A test that runs, or that is over, was of other values.
    document.getElementById("tested").dataset.stale = "";
  });

  // A certificate from a file goes where it could be pasted, and binary ones (DER) become text (PEM) on the way. One byte more
  // than may be sent is enough to be told so.
  document.addEventListener("change", async ({ target }) => {
    const into = target.dataset.fills && document.getElementById(target.dataset.fills);
    if (!into || !target.files.length) return;
    const bytes = new Uint8Array(await target.files[0].slice(0, 64_001).arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    const lines = () => btoa(String.fromCharCode(...bytes)).replace(/.{64}(?=.)/g, "$&\n");
    into.value = bytes[0] === 0x30 ? `-----BEGIN CERTIFICATE-----\n${lines()}\n-----END CERTIFICATE-----\n` : text;
    into.dispatchEvent(new Event("input", { bubbles: true }));
    into.focus();
  });

  // Going away is how a test is stopped: the server closes the connection then.
  document.addEventListener("click", ({ target }) => {
    const stop = target.closest?.("[data-stop]");
    if (!stop) return;
    const starter = document.getElementById(stop.dataset.stop);
    const ladder = stop.closest(".ladder");
    starter.dispatchEvent(new CustomEvent("htmx:abort"));
    ladder.querySelector(".rungs").append(ladder.querySelector("template").content.cloneNode(true));
    starter.focus();
  });

  document.addEventListener("keydown", (event) => {
    const button = event.key === "Enter" && event.target.dataset?.enter;
    if (!button || event.isComposing) return;
    event.preventDefault();
    document.getElementById(button).click();
  });
})();
