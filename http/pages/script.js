// What is nicer with a script; every page works without it.
"use strict";
(() => {
  const all = (what) => document.querySelectorAll(what);

  all("[data-focus]").forEach((summary) => summary.focus());

  all("[data-show]").forEach((line) => {
    const input = document.getElementById(line.dataset.show);
    const box = line.querySelector("input");
    const show = () => { input.type = box.checked ? "text" : "password"; };
    line.hidden = false;
    box.addEventListener("change", show);
    input.form.addEventListener("submit", () => { input.type = "password"; });
    addEventListener("pageshow", show);
  });

  // What is shown once is gone after a reload, and when the browser keeps a page to go back to.
  all("[data-once]").forEach((part) => {
    history.replaceState(null, "", part.dataset.once);
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  });

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

  // A double click sends a form once; the button says that it is on its way.
  const sent = new WeakSet();
  all("form[method=post]:not([data-upload], [data-again])").forEach((form) => {
    const busy = (on) => all("button").forEach((button) => {
      if (button.form === form) on ? button.setAttribute("aria-busy", "true") : button.removeAttribute("aria-busy");
    });
    form.addEventListener("submit", (event) => {
      if (sent.has(form)) event.preventDefault();
      sent.add(form);
      setTimeout(busy, 300, true);
    });
    addEventListener("pageshow", () => { sent.delete(form); busy(false); });
  });

  // Times in the zone of whoever looks.
  const zone = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  all("time").forEach((time) => {
    const text = zone.format(new Date(time.dateTime));
    if (time.title) time.title = text; else time.textContent = text;
  });

  all("form[data-upload]").forEach((form) => {
    const [input, error, bar, button] = ["input[type=file]", ".error", "progress", "button"].map((q) => form.querySelector(q));
    const busy = (on) => {
      bar.hidden = !on;
      button.disabled = on;
      form.setAttribute("aria-busy", String(on));
    };
    const say = (text) => {
      busy(false);
      error.textContent = text;
      error.hidden = false;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const file = input.files[0];
      if (button.disabled) return;
      if (!file) { say(error.dataset.none); return; }
      if (file.size > Number(form.dataset.most)) { say(error.dataset.large); return; }
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "text/plain");
      request.upload.onprogress = (at) => { bar.value = at.lengthComputable ? 100 * at.loaded / at.total : 0; };
      request.onload = () => {
        if (request.status === 200) location.assign(form.dataset.after);
        else say((request.getResponseHeader("Content-Type") || "").startsWith("text/plain") ? request.responseText : error.dataset.failed);
      };
      request.onerror = () => say(error.dataset.failed);
      error.hidden = true;
      busy(true);
      request.send(new FormData(form));
    });
  });
})();
